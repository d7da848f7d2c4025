"""What this machine has: cores, memory, and how fast its network card says it is."""

from __future__ import annotations

import os
from pathlib import Path

ROUTES = Path("/proc/net/route")
CARDS = Path("/sys/class/net")
# In containers and many clouds a card does not say: then this is reckoned with, and said so.
ASSUMED_BITS = 1e9


def cores() -> int:
    """Cores that we may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def memory() -> float:
    """Bytes that we may use: the machine's, or less where a container is given less."""
    try:
        found = float(os.sysconf("SC_PAGE_SIZE")) * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):
        found = 2e9
    try:
        limit = Path("/sys/fs/cgroup/memory.max").read_text("ascii").strip()
        return min(found, float(limit)) if limit != "max" else found
    except (OSError, ValueError):
        return found


def network(routes: Path = ROUTES, cards: Path = CARDS) -> float | None:
    """bit/s of the card with the default route; None where it does not say."""
    try:
        for line in routes.read_text("ascii").splitlines()[1:]:
            card, destination = line.split()[:2]
            if destination == "00000000":
                speed = int((cards / card / "speed").read_text("ascii"))
                return speed * 1e6 if speed > 0 else None
    except (OSError, ValueError):
        pass
    return None
