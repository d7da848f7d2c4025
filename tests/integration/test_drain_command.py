"""`atrium drain`: what it asks the worker, what it says, and how it ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import pytest

from signaling.bus import InProcessBus
from signaling.codec import decode_command, encode_control
from signaling.control import Command, Done, Drain, Failed, Heartbeat, worker_topic
from signaling.registry import InProcessRegistry
from web.commands import drain as command
from web.commands.drain import drain


@dataclass
class Place:
    """A bus and a registry with the worker w1, which does what `sessions` says after each look."""

    bus: InProcessBus = field(default_factory=InProcessBus)
    registry: InProcessRegistry = field(default_factory=InProcessRegistry)
    asked: list[Command] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    knows: bool = True

    async def beat(self, sessions: int, draining: bool = True) -> None:
        await self.registry.announce(Heartbeat("w1", 1, 0.1, sessions, "native", draining))

    def answer(self) -> None:
        async def respond(payload: bytes) -> bytes:
            self.asked.append(decode_command(payload))
            return encode_control(Done() if self.knows else Failed("internal", "does not know this command"))

        self.bus.respond(worker_topic("w1"), respond)

    async def run(self, worker: str = "w1", asking: Drain | None = None) -> int:
        return await drain(self.bus, self.registry, worker, asking or Drain(60.0), self.said.append)


@pytest.fixture
async def place(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Place]:
    monkeypatch.setattr(command, "LOOK_SECONDS", 0.01)
    made = Place()
    yield made
    await made.bus.close()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.005)


async def test_it_waits_until_nobody_is_left(place: Place) -> None:
    await place.beat(3)
    place.answer()
    running = asyncio.create_task(place.run(asking=Drain(42.0)))
    await until(lambda: place.said == ["w1: 3 to move"])
    assert place.asked == [Drain(42.0)]
    await place.beat(1)
    await until(lambda: place.said[-1] == "w1: 1 to move")
    await place.beat(0)
    assert await running == 0
    assert place.said[-1] == "w1 carries nobody any more: it can be stopped"


async def test_when_nobody_moves_any_more_it_says_why_and_what_comes_of_it(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "STILL_SECONDS", 0.05)
    await place.beat(2)
    place.answer()
    running = asyncio.create_task(place.run())
    await until(lambda: len(place.said) == 3)
    assert "WHIP and WHEP devices cannot" in place.said[1]
    assert "in 60 s they are cut off" in place.said[2]
    await place.beat(0)
    assert await running == 0
    assert len(place.said) == 4


async def test_a_worker_that_goes_is_drained_too(place: Place) -> None:
    await place.beat(2)
    place.answer()
    running = asyncio.create_task(place.run())
    await until(lambda: bool(place.said))
    await place.registry.withdraw("w1")
    assert await running == 0
    assert place.said[-1] == "w1 is gone"


async def test_a_name_that_nobody_has_is_refused_with_those_that_there_are(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    await place.beat(0)
    assert await place.run("w7") == 1
    assert "there is no worker w7 (there are: w1)" in capsys.readouterr().err


async def test_a_worker_that_does_not_answer_or_does_not_know_how_is_told(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    await place.beat(1)
    assert await place.run() == 1
    assert "worker w1 does not answer" in capsys.readouterr().err
    place.knows = False
    place.answer()
    assert await place.run() == 1
    assert "its release does not know how" in capsys.readouterr().err


async def test_what_was_asked_is_taken_back_without_waiting(place: Place) -> None:
    await place.beat(5)
    place.answer()
    assert await place.run(asking=Drain(60.0, cancel=True)) == 0
    assert place.asked == [Drain(60.0, cancel=True)]
    assert place.said == ["w1 takes people again"]


async def test_sessions_that_stay_beyond_the_deadline_are_a_failure(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "MORE_SECONDS", 0.05)
    await place.beat(2)
    place.answer()
    assert await place.run(asking=Drain(0.0)) == 1
    assert "2 sessions are still on w1" in capsys.readouterr().err
