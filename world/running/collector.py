"""How often Python's garbage collector looks at a crowd.

What a tick makes is freed by reference counts. The cyclic collector, left to its defaults, looks at everybody
again and again all the same: with 2,000 people 25 ms each time, and every second of them in the 99th
percentile of ticks. So it waits for many more new objects, and looks at the old ones rarely.
"""

from __future__ import annotations

import gc

# New objects before the young are looked at, rounds of that before the middle-aged, rounds of that before
# the old. Measured at 2,000 walkers (`tests.bench.world_tick`): tick p99 50 ms → 27 ms.
THRESHOLDS = (50_000, 20, 100)


def calm_collector() -> None:
    """For the whole process; called once by a program that runs a world."""
    gc.set_threshold(*THRESHOLDS)
