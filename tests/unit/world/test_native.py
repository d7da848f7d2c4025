"""What the world's tick has in C is what its Python is: the same relations, the same frames."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from typing import cast

import msgspec
import pytest
import uvloop
from aiohttp.web_protocol import RequestHandler
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signaling.codec import decode_server
from signaling.messages import AnyServerMessage, Players
from tests.support.tiny_world import ROOM_1, TinyGround, tiny_record
from world.clients.client import Client
from world.clients.connection import Connection
from world.hearing.audibility import LIMITS, Audibility
from world.metrics import WorldMetrics
from world.native import extension
from world.native.wires import SHUT, WIRES, Wires
from world.nodes.lease import Lease, Tenure
from world.records import Seat
from world.running import live as live_module
from world.running import telling as telling_module
from world.running.live import LiveSpace, Outside
from world.space.player import Player

pytestmark = pytest.mark.skipif(extension() is None, reason="built without a compiler")

NAMES = tuple(f'p{i}"é' if i == 3 else f"p{i}" for i in range(9))
SIDE = 1600.0
# In reach of each other, about the limits of the rule, in a room, and far away.
PLACES = st.tuples(
    st.floats(0, SIDE - 1, allow_subnormal=False)
    | st.sampled_from([500.0, 799.9, 800.0, 830.0, 860.0, 890.0]),
    st.floats(0, SIDE - 1, allow_subnormal=False) | st.sampled_from([200.0, 700.0]),
)
ACTS = st.tuples(st.sampled_from(NAMES), st.sampled_from(["put", "put", "put", "come", "go", "turn"]), PLACES)
TICKS = st.lists(st.lists(ACTS, max_size=8), min_size=1, max_size=8)


class Socket:
    """An outlet with a real socket behind it; with a wire where it may be written to directly."""

    def __init__(self, direct: bool) -> None:
        self._here, self._there = socket.socketpair()
        self._here.setblocking(False)
        self._there.setblocking(False)
        self.wire = WIRES.take() if direct else SHUT
        if direct:
            WIRES.open(self.wire, self._here.fileno())

    def write(self, data: bytes) -> None:
        assert self._here.send(data) == len(data)

    def offer(self, data: bytes) -> bool:
        self.write(data)
        return True

    def pending(self) -> int:
        return 0

    def finish(self) -> None:
        raise AssertionError

    def close(self) -> None:
        if self.wire != SHUT:
            WIRES.release(self.wire)
        self._here.close()
        self._there.close()

    def read(self) -> list[AnyServerMessage]:
        try:
            data = self._there.recv(1 << 20)
        except BlockingIOError:
            return []
        messages = []
        while data:
            size, start = data[1], 2
            if size == 126:
                size, start = int.from_bytes(data[2:4], "big"), 4
            assert data[0] == 0x81
            messages.append(decode_server(data[start : start + size]))
            data = data[start + size :]
        return messages


class Place:
    """A live space that ticks by hand, with and without C."""

    def __init__(self, native: bool, direct: Callable[[str], bool]) -> None:
        with pytest.MonkeyPatch.context() as patch:
            if not native:
                patch.setattr(live_module, "extension", lambda: None)
                patch.setattr(telling_module, "extension", lambda: None)
            outside = Outside(lambda *_: None, lambda *_: None, lambda: 0.0, lambda: 0.0)
            tenure = Tenure(Lease("here", 1), 0.0)
            self.live = LiveSpace(tiny_record(), TinyGround(), outside, WorldMetrics(), tenure)
        self.live.ticker.close()
        self.direct = direct
        self.now = 0.0
        self.sockets: dict[str, Socket] = {}

    def act(self, name: str, what: str, x: float, y: float) -> None:
        player = self.live.space.players.get(name)
        if what == "come" and player is None:
            seat = Seat(name, name, "a", "walker", "member")
            player = self.live.space.join(seat, self.now, (x, y))
            outlet = self.sockets[name] = Socket(self.direct(name))
            self.live.telling.connect(Client(seat, player, outlet))
        elif player is None:
            pass
        elif what == "go":
            self.live.telling.disconnect(player)
            self.live.space.leave(name)
            self.sockets.pop(name).close()
        elif what == "put":
            self.live.space.put(player, x, y)
        elif what == "turn":
            self.live.space.move(player, player.x, player.y, "up", 0, self.now)

    def tick(self) -> dict[str, list[object]]:
        """What everybody was told; of what moved, the order means nothing."""
        self.now += 0.05
        self.live.tick(self.now)
        told: dict[str, list[object]] = {}
        for name, outlet in self.sockets.items():
            told[name] = [
                (sorted(m.joined, key=lambda p: p.user_id), sorted(m.moved, key=repr), sorted(m.left))
                if isinstance(m, Players)
                else m
                for m in outlet.read()
            ]
        return told

    def relations(self) -> dict[tuple[str, str], bool]:
        audibility = self.live.audibility
        people = self.live.space.players.values()
        return {(a.user_id, b.user_id): near for a in people for b, near in audibility.reach(a).items()}

    def close(self) -> None:
        for outlet in self.sockets.values():
            outlet.close()


MakePlaces = Callable[[Callable[[str], bool]], tuple[Place, Place]]
Act = tuple[str, str, tuple[float, float]]


@pytest.fixture
def places() -> Iterator[MakePlaces]:
    made: list[Place] = []

    def make(direct: Callable[[str], bool]) -> tuple[Place, Place]:
        while made:
            made.pop().close()
        made.extend((Place(True, direct), Place(False, direct)))
        return made[0], made[1]

    yield make
    while made:
        made.pop().close()


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ticks=TICKS, direct=st.sets(st.sampled_from(NAMES)))
def test_native_and_python_tell_everybody_the_same(
    places: MakePlaces,
    ticks: list[list[tuple[str, str, tuple[float, float]]]],
    direct: set[str],
) -> None:
    native, python = places(lambda name: name in direct)
    for place in (native, python):
        for i, name in enumerate(NAMES):
            place.act(name, "come", 450.0 + 60.0 * i, 650.0 + 40.0 * (i % 3))
        place.tick()
    for acts in ticks:
        for name, what, (x, y) in acts:
            native.act(name, what, x, y)
            python.act(name, what, x, y)
        assert native.tick() == python.tick()
        assert native.relations() == python.relations()


def test_native_tells_those_of_a_room_and_those_outside_it(
    places: MakePlaces,
) -> None:
    native, python = places(lambda name: True)
    for place in (native, python):
        place.act("p0", "come", 200.0, 200.0)
        place.act("p1", "come", 300.0, 200.0)
        place.act("p2", "come", 300.0, 500.0)
        place.tick()
        assert place.live.space.players["p0"].room == ROOM_1
        for name, x, y in (("p0", 210.0, 200.0), ("p2", 310.0, 500.0)):
            place.act(name, "put", x, y)
    told = native.tick()
    assert told == python.tick()
    assert [len(told[name]) for name in ("p0", "p1", "p2")] == [1, 1, 1]


@settings(deadline=None, max_examples=300)
@given(x=st.floats(0, 1e6, allow_subnormal=False), y=st.integers(0, 10**8).map(lambda h: h / 100))
def test_native_writes_numbers_as_msgspec_does(x: float, y: float) -> None:
    from world.native.views import Views

    views = Views()
    player = Player("id", "n", "a", "walker", "member", x, y, number=0)
    views.add(player)
    views.moved({(0, 0): [player]})
    rounded = [int(at * 100.0 + 0.5) / 100.0 for at in (x, y)]
    assert views.part((1, 1)) == msgspec.json.encode(("id", *rounded, "down"))
    assert views.part((2, 2)) == b""


def test_native_does_not_forget_a_relation_when_everybody_leaps_at_once() -> None:
    from world.native.crossings import Crossings
    from world.space.grid import Grid

    hearing, grid = Audibility(Crossings(LIMITS)), Grid()
    people = [Player(f"p{i}", "n", "a", "walker", "member", 100.0 + i, 100.0, number=i) for i in range(3)]
    for player in people:
        grid.put(player)
    hearing.update(people, [], grid)
    assert all(len(hearing.reach(player)) == 2 for player in people)
    for i, player in enumerate(people):
        player.x = 100.0 + 5000.0 * (i + 1)
        grid.put(player)
    changed = hearing.update(people, [], grid)
    assert not any(hearing.reach(player) for player in people)
    assert len(set(changed.lost)) == 6


def test_native_names_what_a_full_socket_has_not_taken() -> None:
    from world.native.views import Views

    here, there = socket.socketpair()
    here.setblocking(False)
    there.setblocking(False)
    wire = WIRES.take()
    try:
        WIRES.open(wire, here.fileno())
        views = Views()
        player = Player("id", "n", "a", "walker", "member", 0.0, 0.0, number=0)
        views.add(player)
        views.wire(player, wire)
        views.watch(player, (0, 0))
        frame, taken = bytes(range(256)) * 500, 0
        late: list[tuple[Player, int]] = []
        while not late:
            views.moved({})
            late = views.send({(0, 0): frame}, ())
            taken += late[0][1] if late else len(frame)
        assert late[0][0] is player
        read = bytearray()
        while len(read) < taken:
            read += there.recv(1 << 20)
        assert bytes(read) == (frame * (taken // len(frame) + 1))[:taken]
        views.moved({})
        assert views.send({(0, 0): b"x"}, [player]) == [], "exempt"
        views.moved({})
        assert views.send({}, ()) == [], "nothing to tell"
    finally:
        WIRES.release(wire)
        here.close()
        there.close()


def test_a_wire_is_shut_until_it_is_opened_and_when_it_is_given_anew() -> None:
    wires = Wires()
    first = wires.take()
    assert wires.fds[first] == SHUT
    wires.open(first, 7)
    second = wires.take()
    wires.open(second, 8)
    wires.release(first)
    assert wires.take() == first
    assert wires.fds[first] == SHUT
    assert wires.fds[second] == 8


class Http:
    def connection_lost(self, exc: BaseException | None) -> None:
        pass


@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_a_wire_is_open_exactly_while_nothing_waits_in_its_transport(
    new_loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        here, there = socket.socketpair()
        there.setblocking(False)
        transport, _ = await loop.create_connection(asyncio.Protocol, sock=here)
        connection = Connection(transport, cast(RequestHandler, Http()))
        transport.set_protocol(connection)
        wire, fd = connection.wire, transport.get_extra_info("socket").fileno()
        assert WIRES.fds[wire] == SHUT
        connection.resume_writing()
        assert WIRES.fds[wire] == fd
        connection.write(b"small")
        assert connection.pending() == 0, "a small write must not wait for the loop"
        assert WIRES.fds[wire] == fd
        connection.write(bytes(10_000_000))
        assert WIRES.fds[wire] == SHUT
        async with asyncio.timeout(20):
            read = 0
            while read < 10_000_005:
                read += len(await loop.sock_recv(there, 1 << 20))
            while WIRES.fds[wire] != fd:
                await asyncio.sleep(0.01)
        connection.close(1000)
        assert WIRES.fds[wire] == SHUT
        connection.cut()
        await connection.over
        connection.resume_writing()
        assert WIRES.fds[wire] == SHUT, "the socket's number may be another's by now"
        connection.forgotten()
        there.close()

    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(scenario())
