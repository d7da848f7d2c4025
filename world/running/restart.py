"""A restart sends people away with a time to come back, each another one, so that no herd comes. Pure but
for chance, which is a parameter."""

from __future__ import annotations

from collections.abc import Callable

from signaling.messages import Closing

# Nobody comes back sooner (ms): a process needs a moment to start.
RESTART_MS = 1000
# They come spread over this time (ms), and over more when there are many.
SPREAD_MS = 1000
SPREAD_MS_PER_CLIENT = 2.0


class Restart:
    """The farewells of one restart to so many `clients`. `below(n)` draws a whole number from 0 to n - 1."""

    def __init__(self, clients: int, below: Callable[[int], int]) -> None:
        self._spread = SPREAD_MS + int(SPREAD_MS_PER_CLIENT * clients)
        self._below = below

    def closing(self) -> Closing:
        """What the next client is told."""
        retry = RESTART_MS + self._below(self._spread)
        return Closing("restarting", "the server restarts; come back in a moment", retry)
