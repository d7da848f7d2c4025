"""The pauses between two looks: long when nothing waits, short when something does, or cut short."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from sfu.pace import FLOWING_SECONDS, IDLE_SECONDS, SPEECH_SECONDS, TICK_SECONDS, Pace


@dataclass
class Media:
    busy: bool = False
    flowing: bool = False
    listening: bool = False


class SlowLoop:
    """Notes for how long the pace asks to be woken, and wakes it when a test says so."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[float] = []
        self.wake: Callable[[], None] = lambda: None
        loop = asyncio.get_running_loop()

        def call_later(seconds: float, callback: Callable[..., None], *arguments: object) -> asyncio.Handle:
            self.asked.append(seconds)
            self.wake = lambda: callback(*arguments)
            return asyncio.Handle(callback, arguments, loop)

        async def sleep(seconds: float) -> None:
            self.asked.append(seconds)

        monkeypatch.setattr(loop, "call_later", call_later)
        monkeypatch.setattr(asyncio, "sleep", sleep)


async def turns() -> None:
    loop = asyncio.get_running_loop()
    for _ in range(3):
        turned = loop.create_future()
        loop.call_soon(turned.set_result, None)
        await turned


@pytest.mark.parametrize(
    ("media", "seconds"),
    [
        (Media(flowing=True), FLOWING_SECONDS),
        (Media(flowing=True, listening=True), FLOWING_SECONDS),
        (Media(listening=True), SPEECH_SECONDS),
    ],
    ids=["flowing", "both", "speech"],
)
async def test_where_nothing_waits_the_pause_is_long(
    monkeypatch: pytest.MonkeyPatch, media: Media, seconds: float
) -> None:
    loop = SlowLoop(monkeypatch)
    pause = asyncio.ensure_future(Pace(media).pause())
    await turns()
    assert not pause.done()
    loop.wake()
    assert await pause >= 0
    assert loop.asked == [seconds]


async def test_where_nobody_can_speak_it_ends_together_with_others(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = SlowLoop(monkeypatch)
    monkeypatch.setattr("signaling.pauses.time.monotonic", lambda: 100.1)
    pause = asyncio.ensure_future(Pace(Media()).pause())
    await turns()
    assert loop.asked == [pytest.approx(100.0 + IDLE_SECONDS - 100.1)]
    loop.wake()
    assert await pause >= 0


async def test_where_something_waits_it_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = SlowLoop(monkeypatch)
    assert await Pace(Media(busy=True, flowing=True)).pause() >= 0
    assert loop.asked == [TICK_SECONDS]


async def test_who_hurries_shortens_the_pause_that_is_going_on(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = SlowLoop(monkeypatch)
    made = Pace(Media(listening=True))
    made.hurry()  # nobody pauses: the next pause asks for itself
    pause = asyncio.ensure_future(made.pause())
    await turns()
    assert not pause.done()
    made.hurry()
    made.hurry()
    await pause
    assert loop.asked == [SPEECH_SECONDS, TICK_SECONDS]
