"""Pauses that end together: what looks at something now and then does so in one wake-up of the process.

A wake-up costs more than most of what is looked at: the system's part, and code that others have pushed out
of the processor's caches meanwhile.
"""

from __future__ import annotations

import time


def pause(seconds: float) -> float:
    """How long (s) to sleep until the clock shows a multiple of `seconds`, for a look every so often.

    Less than a quarter of it is no pause (a timer may come a moment early): then until the next but one.
    """
    left = seconds - time.monotonic() % seconds
    return left if left >= seconds / 4 else left + seconds
