"""Who is told of whom."""

from __future__ import annotations

import math
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from signaling.codec import decode_server
from signaling.messages import Moved, Players
from tests.support.people import person
from world.clients.frames import TickFrames, text_frame
from world.space.interest import CELL, MARGIN, VIEW_RADIUS, Delta, Interest
from world.space.player import Player


class Watched:
    """A world in which every viewer keeps the set of people that it was told of."""

    def __init__(self) -> None:
        self.interest = Interest()
        self.people: dict[str, Player] = {}
        self.touched: dict[Player, None] = {}
        self.gone: list[Player] = []
        self.shown: dict[Player, set[str]] = {}

    def come(self, player: Player) -> None:
        self.people[player.user_id] = player
        self.interest.place(player)
        self.interest.look(player)
        assert player.view is not None
        self.shown[player] = {p.user_id for p in self.interest.visible(player.view)}
        self.touched[player] = None

    def walk(self, player: Player, x: float, y: float, room: str | None = None) -> None:
        player.x, player.y, player.room, player.moved = x, y, room, True
        self.touched[player] = None

    def go(self, player: Player) -> None:
        del self.people[player.user_id]
        self.interest.look_away(player)
        self.touched.pop(player, None)
        self.gone.append(player)
        del self.shown[player]

    def tick(self) -> dict[Player, Delta]:
        deltas = self.interest.deltas(list(self.touched), self.gone)
        self.touched, self.gone = {}, []
        told: dict[Player, Delta] = dict(deltas.own)
        for view, delta in deltas.shared.items():
            for player in self.interest.viewers.get(view, ()):
                if player not in deltas.own:
                    told[player] = delta
        for player, delta in told.items():
            shown = self.shown[player]
            moved = [p.user_id for p in delta.all_moved()]
            assert len(set(moved)) == len(moved), "told twice in one tick"
            shown |= {p.user_id for p in delta.joined}
            assert set(moved) <= shown, "moved before it was shown"
            shown -= {p.user_id for p in delta.left if p.user_id not in self.people or p not in delta.joined}
        return told

    def check(self) -> None:
        for viewer, shown in self.shown.items():
            for other in self.people.values():
                if other is viewer:
                    continue
                distance = max(abs(viewer.x - other.x), abs(viewer.y - other.y))
                if distance <= VIEW_RADIUS or (viewer.room is not None and viewer.room == other.room):
                    assert other.user_id in shown, (viewer.user_id, other.user_id, distance)
                elif distance >= 2 * CELL + 2 * MARGIN:
                    assert other.user_id not in shown
            assert shown <= set(self.people)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_every_client_can_draw_exactly_those_in_its_view(seed: int) -> None:
    rng = random.Random(seed)
    world = Watched()
    for step in range(40):
        for _ in range(rng.randrange(4)):
            kind = rng.random()
            people = list(world.people.values())
            x, y = rng.uniform(0, 4500), rng.uniform(0, 4500)
            if kind < 0.3 or not people:
                world.come(person(f"p{step}-{rng.random()}", x, y, rng.choice([None, None, "r"])))
            elif kind < 0.85:
                who = rng.choice(people)
                if rng.random() < 0.7:
                    x, y = who.x + rng.uniform(-60, 60), who.y + rng.uniform(-60, 60)
                world.walk(who, x, y, rng.choice([None, "r"]) if rng.random() < 0.3 else who.room)
            else:
                world.go(rng.choice(people))
        if rng.random() < 0.7:
            world.tick()
            world.check()


def test_people_with_the_same_view_share_one_delta() -> None:
    world = Watched()
    people = [person(f"p{i}", 10 * i, 10) for i in range(20)]
    for player in people:
        world.come(player)
    world.tick()
    for player in people:
        world.walk(player, player.x + 5, player.y)
    told = world.tick()
    assert len(told) == 20
    assert len({id(delta) for delta in told.values()}) == 1
    assert len(told[people[0]].all_moved()) == 20


def test_nobody_flickers_who_sways_at_the_edge_of_a_view() -> None:
    world = Watched()
    ann, bob = person("ann", CELL / 2, 10), person("bob", 2 * CELL + 5, 10)
    world.come(ann)
    world.come(bob)
    world.tick()
    changes = 0
    for i in range(40):
        world.walk(bob, 2 * CELL + (10 if i % 2 else -10), 10)
        told = world.tick().get(ann, Delta())
        changes += len(told.joined) + len(told.left)
    assert changes <= 1


def test_members_of_a_room_see_each_other_across_a_large_one() -> None:
    world = Watched()
    ann, bob = person("ann", 0, 0, "r"), person("bob", 9000, 0, "r")
    stranger = person("stranger", 9000, 10)
    for player in (ann, bob, stranger):
        world.come(player)
    world.tick()
    assert world.shown[ann] == {"ann", "bob"}
    world.walk(bob, 9050, 0, "r")
    assert [p.user_id for p in world.tick()[ann].all_moved()] == ["bob"]


def test_a_tick_of_encoded_parts_reads_like_the_message_it_is() -> None:
    ann, bob, carl = person("ann", 1.234, 2), person('b"ob', 3, 4), person("carl", 5, 6)
    frames = TickFrames()
    data = frames.players(Delta(joined=[ann], moved=[bob], left=[carl], groups=[[ann, carl], [bob]]))
    assert data[:2] == bytes((0x81, 0x7E))
    assert decode_server(data[4:]) == Players(
        joined=[ann.info()],
        moved=[
            Moved("ann", 1.23, 2, "down"),
            Moved("carl", 5, 6, "down"),
            Moved('b"ob', 3, 4, "down"),
            Moved('b"ob', 3, 4, "down"),
        ],
        left=["carl"],
    )
    assert math.isclose(ann.info().x, 1.23)


def test_who_left_and_came_back_within_a_tick_is_still_here() -> None:
    old, new = person("ann", 1, 2), person("ann", 3, 4)
    message = decode_server(TickFrames().players(Delta(joined=[new], left=[old]))[4:])
    assert message == Players(joined=[new.info()])


def test_frames_of_every_size_follow_the_rfc() -> None:
    """RFC 6455 §5.2: 7 bit, 16 bit and 64 bit lengths."""
    assert text_frame(b"x" * 125)[:2] == bytes((0x81, 125))
    assert text_frame(b"x" * 126)[:4] == bytes((0x81, 126, 0, 126))
    assert text_frame(b"x" * 65536)[:10] == bytes((0x81, 127)) + (65536).to_bytes(8, "big")
