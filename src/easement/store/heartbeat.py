"""Heartbeats: each process says in ``run/ROLE.json`` that it lives, whether it is ready, and a few facts."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from easement.store.atomic_file import write_atomically


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Writes one role's heartbeat file."""

    folder: Path
    role: str

    def beat(self, *, ready: bool, **facts: Any) -> None:
        """Say that this process lives now."""
        body = {"role": self.role, "pid": os.getpid(), "ready": ready, "time_ms": int(time.time() * 1000), **facts}
        write_atomically(self.folder / f"{self.role}.json", json.dumps(body).encode(), durable=False)


def read_heartbeat(folder: Path, role: str) -> dict[str, Any] | None:
    """The last heartbeat of a role, or None where there is none that can be read."""
    try:
        body: dict[str, Any] = json.loads((folder / f"{role}.json").read_bytes())
    except (OSError, ValueError):
        return None
    return body
