"""How much CPU this process has used, and which of its threads used most."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable
from contextlib import suppress

# How Linux numbers a thread's CPU clock (pthread_getcpuclockid(3); CPUCLOCK_PERTHREAD, CPUCLOCK_SCHED).
_PER_THREAD_SCHED = 4 | 2


def process_seconds() -> float:
    """Of all threads together, since the process began."""
    times = os.times()
    return times.user + times.system


def thread_seconds(threads: Iterable[int]) -> dict[int, float]:
    """Of these threads (the system's ids), since each began; of the whole process, as thread 0, where the
    system does not tell (no Linux)."""
    found: dict[int, float] = {}
    if sys.platform == "linux":
        for thread in threads:
            with suppress(OSError, OverflowError):  # it ended meanwhile
                found[thread] = time.clock_gettime(~thread << 3 | _PER_THREAD_SCHED)
    return found or {0: process_seconds()}


def busiest(before: dict[int, float], after: dict[int, float]) -> float:
    """CPU seconds of whichever thread used most between two looks."""
    return max((used - before.get(thread, 0.0) for thread, used in after.items()), default=0.0)
