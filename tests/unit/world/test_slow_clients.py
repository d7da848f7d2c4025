"""Clients that read too slowly: coalesced, then closed with the reason, and never a queue without bound."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from signaling import messages as m
from signaling.codec import decode_server
from tests.support.tiny_world import TinyGround, tiny_record
from world.clients.client import HARD_BYTES, LAG_SECONDS, SOFT_BYTES, Client
from world.metrics import WorldMetrics
from world.native.wires import SHUT
from world.nodes.lease import Lease, Tenure
from world.records import Seat
from world.running import talk
from world.running.live import LiveSpace, Outside
from world.space.player import Player


class Pipe:
    """An outlet that takes what a test lets it take, and reads the frames back."""

    wire = SHUT

    def __init__(self) -> None:
        self.waiting = 0
        self.data = b""
        self.ended = False

    def write(self, data: bytes) -> None:
        self.data += data

    def offer(self, data: bytes) -> bool:
        if self.waiting > SOFT_BYTES:
            return False
        self.write(data)
        return True

    def pending(self) -> int:
        return self.waiting

    def finish(self) -> None:
        self.ended = True

    def read(self) -> list[m.AnyServerMessage]:
        messages, data = [], self.data
        while data:
            size, start = data[1], 2
            if size == 126:
                size, start = int.from_bytes(data[2:4], "big"), 4
            messages.append(decode_server(data[start : start + size]))
            data = data[start + size :]
        self.data = b""
        return messages


def players(messages: Iterable[m.AnyServerMessage]) -> list[m.Players]:
    return [message for message in messages if isinstance(message, m.Players)]


class Place:
    """A live space that ticks by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        outside = Outside(lambda *_: None, lambda *_: None, lambda: 0.0, lambda: 0.0)
        tenure = Tenure(Lease("here", 1), 0.0)
        self.live = LiveSpace(tiny_record(), TinyGround(), outside, WorldMetrics(), tenure)
        monkeypatch.setattr(self.live, "wake", lambda: None)
        self.now = 0.0

    def come(self, name: str, x: float) -> tuple[Player, Client, Pipe]:
        seat, pipe = Seat(name, name, "a", "walker", "member"), Pipe()
        player = self.live.space.join(seat, self.now, (x, 700.0))
        client = Client(seat, player, pipe)
        self.live.telling.connect(client)
        return player, client, pipe

    def tick(self, seconds: float = 0.05) -> bool:
        self.now += seconds
        return self.live.tick(self.now)

    def step(self, player: Player) -> None:
        assert self.live.space.move(player, player.x + 5, player.y, "right", 0, self.now) == "moved"


def test_a_slow_client_misses_ticks_and_gets_one_whole_picture_when_it_has_caught_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place = Place(monkeypatch)
    walker, _, _ = place.come("walker", 500)
    leaver, _, _ = place.come("leaver", 550)
    _, slow, pipe = place.come("slow", 600)
    place.tick()
    pipe.read()
    pipe.waiting = SOFT_BYTES + 1
    for _ in range(20):
        place.step(walker)
        place.tick()
    place.live.telling.disconnect(leaver)
    place.live.space.leave("leaver")
    place.tick()
    place.come("newcomer", 650)
    place.tick()
    assert pipe.read() == []
    assert place.tick(), "a space with a slow client stays awake"
    pipe.waiting = 0
    place.tick()
    (picture,) = players(pipe.read())
    assert {p.user_id: p.x for p in picture.joined} == {"walker": 600, "newcomer": 650}
    assert picture.left == ["leaver"]
    place.step(walker)
    place.tick()
    assert players(pipe.read())[0].moved == [m.Moved("walker", 605, 700, "right")]
    assert not slow.closed


def test_a_client_that_does_not_catch_up_is_closed_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    place = Place(monkeypatch)
    walker, _, other = place.come("walker", 500)
    _, slow, pipe = place.come("slow", 600)
    place.tick()
    pipe.read()
    pipe.waiting = SOFT_BYTES + 1
    place.step(walker)
    place.tick()
    place.tick(LAG_SECONDS + 0.1)
    (closing,) = pipe.read()
    assert isinstance(closing, m.Closing)
    assert closing.code == "slow"
    assert pipe.ended
    assert slow.closed_code == "slow"
    assert not other.ended


def test_a_message_of_its_own_over_the_hard_bound_closes_a_client(monkeypatch: pytest.MonkeyPatch) -> None:
    place = Place(monkeypatch)
    _, client, pipe = place.come("ann", 500)
    pipe.waiting = HARD_BYTES + 1
    client.send(m.Pong(1))
    client.send(m.Pong(2))
    assert [message.code for message in pipe.read() if isinstance(message, m.Closing)] == ["slow"]
    assert pipe.ended


def test_who_switches_to_and_fro_within_a_tick_is_told_of_once_as_they_are_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place = Place(monkeypatch)
    _, switcher, _ = place.come("switcher", 500)
    _, _, pipe = place.come("other", 600)
    place.tick()
    pipe.read()
    for i in range(101):
        talk.media_state(place.live, switcher, m.MediaState(mic=i % 2 == 0, camera=False))
    place.tick()
    assert pipe.read() == [m.MediaChanged("switcher", m.MediaFlags(mic=True))]
    place.tick()
    assert pipe.read() == []
