"""Child processes that never outlive us: the kernel ends them when their parent dies, even by ``kill -9``."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from typing import Final

_PR_SET_PDEATHSIG: Final = 1
_IS_INIT: Final = os.getpid() == 1
"""In a container ``easement up`` may be process 1 itself, and is then the rightful parent."""
_LIBC: Final = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def die_with_parent() -> None:
    """For ``preexec_fn``: ask the kernel (prctl(2), PR_SET_PDEATHSIG) for SIGTERM when the parent is gone.

    Runs between fork and exec, so it only makes this one call. Elsewhere than on Linux it does nothing.
    """
    if _LIBC is None:
        return
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() == 1 and not _IS_INIT:  # the parent died before the call took effect
        os._exit(1)
