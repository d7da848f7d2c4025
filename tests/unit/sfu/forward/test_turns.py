"""When the pure-Python plane looks at its socket. A loop and a clock that the test moves."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import cast

import pytest

from sfu.forward.turns import DENSE_SECONDS, GATHER_SECONDS, MAX_EMPTY, Turns


class Loop:
    """The event loop: `reader` is called for a readable socket, `later` is what it waits to call."""

    def __init__(self) -> None:
        self.reader: Callable[[], None] | None = None
        self.later: tuple[float, Callable[[], None]] | None = None

    def add_reader(self, _: socket.socket, called: Callable[[], None]) -> None:
        assert self.later is None
        self.reader = called

    def remove_reader(self, _: socket.socket) -> None:
        self.reader = None

    def call_later(self, seconds: float, called: Callable[[], None]) -> Loop:
        assert self.reader is None
        self.later = seconds, called
        return self

    def call_soon(self, called: Callable[[], None]) -> Loop:
        return self.call_later(0.0, called)

    def cancel(self) -> None:
        self.later = None


class Rig:
    def __init__(self) -> None:
        self.loop, self.now, self.taken = Loop(), 100.0, 0
        self.found: tuple[int, bool] = (1, False)
        loop, sock = cast(asyncio.AbstractEventLoop, self.loop), cast(socket.socket, None)
        self.turns = Turns(loop, sock, self.turn, lambda: self.now)

    def turn(self) -> tuple[int, bool]:
        self.taken += 1
        return self.found

    def packet(self, after: float) -> None:
        self.now += after
        assert self.loop.reader is not None
        self.loop.reader()

    def wait(self) -> float:
        """Until the timer; for how long."""
        assert self.loop.later is not None
        seconds, called = self.loop.later
        self.loop.later = None
        self.now += seconds
        called()
        return seconds


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_a_packet_of_few_is_taken_at_once(rig: Rig) -> None:
    for count in range(1, 5):
        rig.packet(after=2 * DENSE_SECONDS)
        assert rig.taken == count
        assert rig.loop.later is None


def test_packets_that_follow_each_other_share_turns_by_the_clock(rig: Rig) -> None:
    rig.packet(after=1.0)
    rig.packet(after=DENSE_SECONDS / 2)
    assert rig.loop.reader is None
    for _ in range(5):
        assert rig.wait() == GATHER_SECONDS


def test_after_turns_for_nothing_the_socket_wakes_again(rig: Rig) -> None:
    rig.packet(after=1.0)
    rig.packet(after=DENSE_SECONDS / 2)
    rig.found = (0, False)
    for _ in range(MAX_EMPTY):
        rig.wait()
    assert rig.loop.later is None
    rig.found = (1, False)
    rig.packet(after=2 * DENSE_SECONDS)
    assert rig.loop.later is None


def test_what_one_turn_cannot_take_is_not_kept_waiting(rig: Rig) -> None:
    rig.packet(after=1.0)
    rig.found = (32, True)
    rig.packet(after=DENSE_SECONDS / 2)
    assert rig.wait() == 0.0
    rig.found = (3, False)
    assert rig.wait() == 0.0
    assert rig.wait() == GATHER_SECONDS


@pytest.mark.parametrize("dense", [False, True])
def test_after_the_end_there_is_no_turn(rig: Rig, dense: bool) -> None:
    rig.packet(after=1.0)
    if dense:
        rig.packet(after=DENSE_SECONDS / 2)
    rig.turns.close()
    assert rig.loop.reader is None
    assert rig.loop.later is None


@pytest.mark.parametrize("dense", [False, True])
def test_a_turn_may_bring_the_end(rig: Rig, dense: bool) -> None:
    def ends() -> tuple[int, bool]:
        rig.turns.close()
        return 1, False

    turns = rig.turns
    rig.packet(after=1.0)
    if dense:
        rig.packet(after=DENSE_SECONDS / 2)
    turns._turn = ends
    if dense:
        rig.wait()
    else:
        rig.packet(after=DENSE_SECONDS / 2)
    assert rig.loop.reader is None
    assert rig.loop.later is None
