"""A limit on failed attempts, by whoever makes them. In memory and bounded: it dampens, the entropy protects."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field


@dataclass(slots=True)
class FailureLimit:
    """At most ``failures`` failed attempts of one key in ``window_s`` seconds; ``capacity`` keys are remembered."""

    failures: int = 10
    window_s: float = 60.0
    capacity: int = 10_000
    _counts: OrderedDict[str, tuple[float, int]] = field(default_factory=OrderedDict, init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def retry_after_s(self, key: str, now: float) -> float:
        """Seconds until ``key`` may try again; 0 when it may now."""
        with self._lock:
            began, count = self._counts.get(key, (now, 0))
        return max(0.0, began + self.window_s - now) if count >= self.failures else 0.0

    def failed(self, key: str, now: float) -> None:
        """Count a failed attempt."""
        with self._lock:
            began, count = self._counts.pop(key, (now, 0))
            self._counts[key] = (now, 1) if now - began >= self.window_s else (began, count + 1)
            if len(self._counts) > self.capacity:
                self._counts.popitem(last=False)
