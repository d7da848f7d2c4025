"""Steps that are read together: the same messages in the same order as each connection reads them itself."""

from __future__ import annotations

import asyncio
import json
import random
import socket
from collections.abc import Callable, Iterator

import pytest
import uvloop
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signaling.codec import BadMessage, decode_client, encode
from signaling.messages import PlayerMove
from world.clients.intake import Intake, intake
from world.clients.websocket import BINARY, CONTINUATION, PING, TEXT, Reader, unmask
from world.native import extension
from world.native.wires import WIRES

pytestmark = pytest.mark.skipif(extension() is None, reason="built without a compiler")

MAX_BYTES = 1 << 20


def frame(payload: bytes, first: int = 0x80 | TEXT) -> bytes:
    """A frame as a client sends it."""
    mask, size = b"\xa1\x02\x93\x04", len(payload)
    head = bytes((first, 0x80 | size)) if size < 126 else bytes((first, 0xFE)) + size.to_bytes(2, "big")
    return head + mask + unmask(mask, payload)


def understood(payload: bytes) -> object:
    """A message as the world has it, or why it is none."""
    try:
        return decode_client(payload)
    except BadMessage as bad:
        return bad.code, bad.ref


class Listener:
    """A source that notes what it is given."""

    def __init__(self, into: Intake) -> None:
        self.wire = WIRES.take()
        self.silent = 1
        self.heard: list[object] = []
        self.steps = 0
        self.over = self.failed = False
        self._reader = Reader(MAX_BYTES)
        self._intake = into
        self._here, self.there = socket.socketpair()
        self._here.setblocking(False)
        assert into.add(self, self._here.fileno(), False)

    def step(self, move: PlayerMove, now: float) -> None:
        self.steps += 1
        self.heard.append(move)

    def not_taken(self) -> None:
        self.failed = True

    def brought(self, data: bytes) -> bool:
        self.heard += read(self._reader, data)
        return self._reader.amid

    def ended(self) -> None:
        self.over = True
        self.close()

    def close(self) -> None:
        if self._here.fileno() >= 0:
            self._intake.remove(self, self._here.fileno())
            self._here.close()
            self.there.close()
            WIRES.release(self.wire)


def read(reader: Reader, data: bytes) -> list[object]:
    """The messages that end in these bytes."""
    found: list[object] = []
    reader.feed(data)
    while (event := reader.next()) is not None:
        kind, payload = event
        found.append(understood(payload) if kind <= BINARY else (kind, payload))
    return found


async def until(state: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not state():
            await asyncio.sleep(0.001)


# Numbers that are written in all the ways that JSON knows, and in some that it does not.
NUMBERS = st.one_of(
    st.integers(0, 10**8).map(lambda hundredths: repr(hundredths / 100)),
    st.floats(-2e6, 2e6, allow_nan=False).map(repr),
    st.integers(-5, 10**17).map(str),
    st.sampled_from(
        ["0", "-0", "0.0", "00", "01.5", "1.", ".5", "1e3", "1E2", "1.50", "999999.999999999", "1000000"]
    ),
    st.sampled_from(
        ["1000000.1", "0.1234567890123456", "123456789.0123456", "null", '"1"', "true", " 1", "+1", ""]
    ),
)
MOVES = st.builds(
    lambda x, y, direction, seq: (
        f'{{"type":"player_move","x":{x},"y":{y},"direction":{direction},"seq":{seq}}}'
    ),
    NUMBERS,
    NUMBERS,
    st.sampled_from(['"up"', '"down"', '"left"', '"right"', '"north"', "0"]),
    NUMBERS,
).map(str.encode)
GOOD = st.builds(
    PlayerMove,
    st.integers(0, 10**7).map(lambda hundredths: hundredths / 100),
    st.integers(0, 10**7).map(lambda hundredths: hundredths / 100),
    st.sampled_from(["up", "down", "left", "right"]),
    st.integers(0, 10**12),
).map(encode)
OTHERS = st.sampled_from(
    [b'{"type":"ping","at":1}', b"", b"{}", b'{"type":"pin","user_id":"' + b"x" * 64 + b'"}', b"x" * 200]
)
PAYLOADS = (
    GOOD
    | MOVES
    | OTHERS
    | MOVES.map(lambda move: move.replace(b":", b": ", 1))
    | GOOD.map(lambda m: m + b" ")
)
FRAMES = st.one_of(
    PAYLOADS.map(frame),
    GOOD.map(lambda payload: frame(payload, 0x80 | BINARY)),
    GOOD.map(lambda payload: frame(payload[:20], TEXT) + frame(payload[20:], 0x80 | CONTINUATION)),
    st.just(frame(b"hello", 0x80 | PING)),
)


@pytest.fixture
def loop() -> Iterator[asyncio.Runner]:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        yield runner


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(frames=st.lists(FRAMES, min_size=1, max_size=30), seed=st.integers(0, 1000))
def test_what_is_read_together_is_what_each_would_have_read(
    loop: asyncio.Runner, frames: list[bytes], seed: int
) -> None:
    stream, cut = b"".join(frames), random.Random(seed)
    expected = read(Reader(MAX_BYTES), stream)

    async def scenario() -> None:
        into = intake()
        assert into is not None
        listener = Listener(into)
        try:
            at = 0
            while at < len(stream):
                size = cut.choice((1, 7, 60, 300, len(stream)))
                listener.there.sendall(stream[at : at + size])
                at += size
                if cut.random() < 0.5:
                    await asyncio.sleep(0)
            await until(lambda: len(listener.heard) >= len(expected))
            assert listener.heard == expected
            assert listener.silent == 0
        finally:
            listener.close()

    loop.run(scenario())


def test_a_move_as_browsers_write_it_is_known_as_a_step(loop: asyncio.Runner) -> None:
    async def scenario() -> None:
        into = intake()
        assert into is not None
        many = [Listener(into) for _ in range(300)]
        for number, listener in enumerate(many):
            move = {"type": "player_move", "x": number + 0.25, "y": 7, "direction": "left", "seq": number}
            listener.there.sendall(frame(json.dumps(move, separators=(",", ":")).encode()))
        await until(lambda: all(listener.heard for listener in many))
        for number, listener in enumerate(many):
            assert listener.heard == [PlayerMove(number + 0.25, 7.0, "left", number)]
            assert listener.steps == 1
            listener.close()

    loop.run(scenario())


def test_more_than_one_read_takes_is_read_to_its_end_and_others_are_not_kept_waiting(
    loop: asyncio.Runner,
) -> None:
    async def scenario() -> None:
        into = intake()
        assert into is not None
        loud, other = Listener(into), Listener(into)
        move = frame(encode(PlayerMove(1.5, 2.5, "up", 3)))
        loud.there.sendall(move * 1000)
        other.there.sendall(move)
        await until(lambda: len(loud.heard) == 1000 and len(other.heard) == 1)
        assert 0 < loud.steps < 1000, "after some steps the rest of a read is bytes"
        loud.close()
        other.close()

    loop.run(scenario())


def test_who_hangs_up_is_given_back_after_what_was_said_before(loop: asyncio.Runner) -> None:
    async def scenario() -> None:
        into = intake()
        assert into is not None
        leaving, staying = Listener(into), Listener(into)
        leaving.there.sendall(frame(encode(PlayerMove(1.5, 2.5, "up", 3))))
        leaving.there.shutdown(socket.SHUT_WR)
        await until(lambda: leaving.over)
        assert leaving.heard == [PlayerMove(1.5, 2.5, "up", 3)]
        staying.there.sendall(frame(b"{}"))
        await until(lambda: bool(staying.heard))
        staying.close()
        # With nobody left it waits for nothing; whoever comes then is heard.
        late = Listener(into)
        late.there.sendall(frame(b"{}"))
        await until(lambda: bool(late.heard))
        late.close()

    loop.run(scenario())


def test_who_is_ended_by_what_another_says_is_not_heard_any_more(loop: asyncio.Runner) -> None:
    class Jealous(Listener):
        others: tuple[Listener, ...] = ()

        def step(self, move: PlayerMove, now: float) -> None:
            super().step(move, now)
            for other in self.others:
                other.close()

    async def scenario() -> None:
        into = intake()
        assert into is not None
        two = Jealous(into), Jealous(into)
        two[0].others, two[1].others = (two[1],), (two[0],)
        move = frame(encode(PlayerMove(1.5, 2.5, "up", 3)))
        for listener in two:
            listener.there.sendall(move)
        await until(lambda: any(listener.heard for listener in two))
        await asyncio.sleep(0.05)
        assert sorted(listener.steps for listener in two) == [0, 1]
        for listener in two:
            listener.close()

    loop.run(scenario())


def test_an_exception_out_of_one_step_is_its_own_and_the_others_are_heard(loop: asyncio.Runner) -> None:
    class Broken(Listener):
        def step(self, move: PlayerMove, now: float) -> None:
            raise ValueError(move)

    async def scenario() -> None:
        into = intake()
        assert into is not None
        many: list[Listener] = [Listener(into), Broken(into), Listener(into)]
        for listener in many:
            listener.there.sendall(frame(encode(PlayerMove(1.5, 2.5, "up", 3))))
        await until(lambda: all(listener.heard or listener.failed for listener in many))
        assert [listener.failed for listener in many] == [False, True, False]
        for listener in many:
            listener.close()

    loop.run(scenario())
