"""Judging what a busy machine can spoil from outside: a freeze, a late picture, a silence."""

from __future__ import annotations

from collections.abc import Awaitable, Callable


async def once_in(attempts: int, check: Callable[[], Awaitable[None]]) -> None:
    """Passes with the first attempt in which `check` passes; else raises the last one's AssertionError.

    A stall of the machine spoils an attempt or two, a defect of ours every one. Nothing that must never
    happen (a packet of somebody out of hearing) may be judged so.
    """
    for attempt in range(1, attempts + 1):
        try:
            await check()
            return
        except AssertionError as error:
            if attempt == attempts:
                raise
            print(f"attempt {attempt}: {error}")
