"""How much CPU this process has used, and which of its threads used most."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

_TASKS = Path("/proc/self/task")


def process_seconds() -> float:
    """Of all threads together, since the process began."""
    times = os.times()
    return times.user + times.system


def thread_seconds() -> dict[str, float]:
    """By thread, since each began; the whole process as one where the system does not tell (no Linux)."""
    found: dict[str, float] = {}
    with suppress(OSError):
        ticks = os.sysconf("SC_CLK_TCK")
        for task in _TASKS.iterdir():
            with suppress(OSError, ValueError, IndexError):  # it ended meanwhile
                # proc(5): utime and stime are the 14th and 15th field; the second may hold blanks.
                fields = (task / "stat").read_text().rpartition(")")[2].split()
                found[task.name] = (int(fields[11]) + int(fields[12])) / ticks
    return found or {"": process_seconds()}


def busiest(before: dict[str, float], after: dict[str, float]) -> float:
    """CPU seconds of whichever thread used most between two looks."""
    return max((used - before.get(thread, 0.0) for thread, used in after.items()), default=0.0)
