"""How much CPU this process has used, and which of its threads used most."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path


def process_seconds() -> float:
    """Of all threads together, since the process began."""
    times = os.times()
    return times.user + times.system


def thread_seconds(threads: Iterable[int]) -> dict[int, float]:
    """Of these threads (the system's ids), since each began; of the whole process, as thread 0, where the
    system does not tell (no Linux)."""
    found: dict[int, float] = {}
    for thread in threads:
        with suppress(OSError, ValueError, IndexError):  # it ended meanwhile
            # proc(5): utime and stime are the 14th and 15th field; the second may hold blanks.
            fields = Path(f"/proc/self/task/{thread}/stat").read_text().rpartition(")")[2].split()
            found[thread] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return found or {0: process_seconds()}


def busiest(before: dict[int, float], after: dict[int, float]) -> float:
    """CPU seconds of whichever thread used most between two looks."""
    return max((used - before.get(thread, 0.0) for thread, used in after.items()), default=0.0)
