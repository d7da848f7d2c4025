"""CPU time and memory of processes and of the machine, from /proc."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


def _family(pid: int) -> Iterator[Path]:
    """The folders in /proc of a process and all that descend from it."""
    folder = Path("/proc", str(pid))
    yield folder
    for children in folder.glob("task/*/children"):
        with suppress(OSError):
            for child in children.read_text().split():
                yield from _family(int(child))


def cpu_seconds(pid: int) -> float:
    """User and system time of the process and its descendants, to the nanosecond: what its threads ran."""
    total = 0
    for folder in _family(pid):
        for thread in folder.glob("task/*/schedstat"):
            with suppress(OSError):  # it has ended
                total += int(thread.read_text().split()[0])
    return total / 1e9


def memory(pid: int) -> int:
    """Resident bytes of the process and its descendants."""
    total = 0
    for folder in _family(pid):
        with suppress(OSError):
            total += int((folder / "statm").read_text().split()[1]) * _PAGE
    return total


def machine_seconds() -> float:
    """Busy time of all cores."""
    fields = [int(field) for field in Path("/proc/stat").read_text().split("\n")[0].split()[1:9]]
    idle, waiting, stolen = fields[3], fields[4], fields[7]
    return (sum(fields) - idle - waiting - stolen) / _TICK
