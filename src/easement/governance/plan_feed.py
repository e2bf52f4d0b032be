"""Wakes those who wait for a new plan. It carries no data: whoever wakes looks at the database."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class PlanFeed:
    """Publishers may be on any thread; waiters are coroutines."""

    _waiters: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def publish(self) -> None:
        """Wake every waiter."""
        with self._lock:
            for loop, event in self._waiters:
                if not loop.is_closed():
                    loop.call_soon_threadsafe(event.set)

    async def wait(self, timeout_s: float) -> None:
        """Return at the next publication, or after ``timeout_s``."""
        waiter = (asyncio.get_running_loop(), asyncio.Event())
        with self._lock:
            self._waiters.add(waiter)
        try:
            await asyncio.wait_for(waiter[1].wait(), timeout_s)
        except TimeoutError:
            return
        finally:
            with self._lock:
                self._waiters.discard(waiter)
