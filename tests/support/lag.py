"""How late this process itself is: what it stamps with a time was there by so much earlier."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

LOOK_SECONDS = 0.01


@dataclass
class Lag:
    """`longest`: the most by which the event loop was late (s) since it is watched."""

    longest: float = 0.0


@asynccontextmanager
async def watched_lag() -> AsyncIterator[Lag]:
    """Watches the running loop."""
    lag = Lag()
    loop = asyncio.get_running_loop()

    async def watch() -> None:
        while True:
            due = loop.time() + LOOK_SECONDS
            await asyncio.sleep(LOOK_SECONDS)
            lag.longest = max(lag.longest, loop.time() - due)

    task = loop.create_task(watch())
    try:
        yield lag
    finally:
        task.cancel()
