"""The chat over real WebSockets: what reaches whom, and what does not."""

from __future__ import annotations

import asyncio
import random

import pytest

from signaling import messages as m
from tests.support.chat import MemoryArchive
from tests.support.tiny_world import HALL, ROOM_1, ROOM_2, Avatar, FakeDirectory, TinyWorld
from world.chat.rules import direct_channel, zone_channel
from world.records import Member, Seat


class Strict(FakeDirectory):
    """Only those who are named belong to the server."""

    members: frozenset[str] = frozenset({"ann", "bob", "cat", "dan", "eve"})

    async def member(self, server_id: str, user_id: str) -> Member | None:
        return await super().member(server_id, user_id) if user_id in self.members else None


def world(archive: MemoryArchive | None = None) -> TinyWorld:
    return TinyWorld(directory=Strict(), archive=archive if archive is not None else MemoryArchive())


async def guest(tiny: TinyWorld, user: str, room: str) -> Avatar:
    tiny.seats[user] = Seat(user, user.title(), "avatar-1", "guest", "guest", zone_id=room)
    return await tiny.join(user)


async def error(avatar: Avatar, ref: str = "chat") -> str:
    return (await avatar.expect(m.Error, lambda e: e.ref == ref)).code


async def test_a_rooms_line_reaches_those_in_the_room_and_nobody_outside() -> None:
    archive = MemoryArchive()
    async with world(archive) as tiny:
        ann, bob = await tiny.join("ann", (100, 100)), await tiny.join("bob", (390, 390))
        cat, dan = await tiny.join("cat", (300, 420)), await tiny.join("dan", (450, 100))
        gus = await guest(tiny, "guest-gus", ROOM_1)
        await ann.send(m.Chat("only in here", "zone"))
        lines = [await one.expect(m.ChatMessage) for one in (ann, bob, gus)]
        assert len({line.id for line in lines}) == 1
        assert lines[0].to == ROOM_1
        assert lines[0].id in archive.lines
        for outside in (cat, dan):
            await outside.sync()
            assert outside.told(m.ChatMessage) == []


async def test_a_public_zones_line_reaches_every_member_and_the_guests_in_it_only() -> None:
    async with world() as tiny:
        ann, bob = await tiny.join("ann", (600, 700)), await tiny.join("bob", (100, 100))
        outside, inside = await guest(tiny, "guest-1", ROOM_1), await guest(tiny, "guest-2", HALL)
        await bob.send(m.Chat("to the hall", "zone", HALL))
        for one in (ann, bob, inside):
            assert (await one.expect(m.ChatMessage)).to == HALL
        await outside.sync()
        assert outside.told(m.ChatMessage) == []


async def test_who_is_not_in_a_private_room_writes_and_reads_nothing_there() -> None:
    async with world() as tiny:
        ann, bob = await tiny.join("ann", (100, 100)), await tiny.join("bob", (600, 700))
        await bob.send(m.Chat("let me in", "zone", ROOM_1))
        assert await error(bob) == "not_allowed"
        await bob.send(m.Chat("here?", "zone", "no-such-zone"))
        assert await error(bob) == "not_allowed"
        await ann.sync()
        assert ann.told(m.ChatMessage) == []


async def test_a_direct_line_is_told_to_the_two_and_kept_for_who_is_away() -> None:
    archive = MemoryArchive()
    async with world(archive) as tiny:
        ann, bob = await tiny.join("ann", (100, 100)), await tiny.join("bob", (600, 700))
        cat = await tiny.join("cat", (110, 110))
        await ann.send(m.Chat("psst", "direct", "bob"))
        assert (await ann.expect(m.ChatMessage)).to == "bob"
        heard = await bob.expect(m.ChatMessage)
        assert (heard.to, heard.user_id, heard.scope) == ("ann", "ann", "direct")
        await ann.send(m.Chat("read it later", "direct", "dan"))
        line = await ann.expect(m.ChatMessage, lambda c: c.to == "dan")
        assert archive.lines[line.id].channel == direct_channel("ann", "dan")
        await ann.send(m.Chat("who are you", "direct", "stranger"))
        assert await error(ann) == "no_person"
        await cat.sync()
        assert cat.told(m.ChatMessage) == []


async def test_a_guest_talks_to_the_room_and_to_nobody_else() -> None:
    async with world() as tiny:
        ann, gus = await tiny.join("ann", (100, 100)), await guest(tiny, "guest-gus", ROOM_1)
        for chat in (m.Chat("all", "server"), m.Chat("you", "direct", "ann"), m.Chat("there", "zone", HALL)):
            await gus.send(chat)
            assert await error(gus) == "not_allowed"
        await ann.send(m.Chat("you", "direct", "guest-gus"))
        assert await error(ann) == "no_person"
        await gus.send(m.Chat("room", "zone"))
        assert (await ann.expect(m.ChatMessage)).text == "room"


async def test_an_empty_line_and_a_flood_are_refused() -> None:
    async with world() as tiny:
        ann = await tiny.join("ann", (600, 700))
        await ann.send(m.Chat(" \x00\n ", "server"))
        assert await error(ann) == "empty"
        for _ in range(12):
            await ann.send(m.Chat("again", "server"))
        assert await error(ann) == "rate_limited"
        assert len(ann.told(m.ChatMessage)) < 8


async def test_a_reaction_is_told_to_the_lines_readers_and_set_by_them_only() -> None:
    async with world() as tiny:
        ann, bob = await tiny.join("ann", (100, 100)), await tiny.join("bob", (120, 100))
        cat = await tiny.join("cat", (600, 700))
        await ann.send(m.Chat("done!", "zone"))
        line = await bob.expect(m.ChatMessage)
        await bob.send(m.ChatReact(line.id, "heart"))
        assert await ann.expect(m.ChatReacted) == m.ChatReacted(line.id, "bob", "heart", True, 1)
        await ann.send(m.ChatReact(line.id, "heart"))
        assert (await bob.expect(m.ChatReacted, lambda r: r.user_id == "ann")).count == 2
        await bob.send(m.ChatReact(line.id, "heart", on=False))
        assert (await ann.expect(m.ChatReacted, lambda r: not r.on)).count == 1
        await cat.send(m.ChatReact(line.id, "laugh"))
        assert await error(cat, "chat_react") == "no_line"
        assert cat.told(m.ChatReacted) == []


async def test_a_line_is_taken_back_by_its_writer_and_by_moderators_only() -> None:
    archive = MemoryArchive()
    async with world(archive) as tiny:
        tiny.seats["dan"] = Seat("dan", "Dan", "avatar-1", "walker", "moderator")
        ann, bob, dan = [await tiny.join(name, (600, 700)) for name in ("ann", "bob", "dan")]
        await ann.send(m.Chat("one", "server"))
        first = await bob.expect(m.ChatMessage)
        await bob.send(m.ChatDelete(first.id))
        assert await error(bob, "chat_delete") == "not_allowed"
        await dan.send(m.ChatDelete(first.id))
        assert await bob.expect(m.ChatDeleted) == m.ChatDeleted(first.id)
        await ann.send(m.Chat("between us", "direct", "bob"))
        private = await bob.expect(m.ChatMessage, lambda c: c.scope == "direct")
        await dan.send(m.ChatDelete(private.id))
        assert await error(dan, "chat_delete") == "no_line"
        await ann.send(m.ChatDelete(private.id))
        assert (await bob.expect(m.ChatDeleted)).id == private.id
        assert archive.lines == {}


async def test_a_file_goes_with_a_line_of_its_own_chat_once() -> None:
    archive = MemoryArchive()
    async with world(archive) as tiny:
        ann, bob = await tiny.join("ann", (100, 100)), await tiny.join("bob", (120, 100))
        archive.files["f1"] = "ann", zone_channel(ROOM_1)
        await bob.send(m.Chat("mine", "zone", file="f1"))
        assert await error(bob) == "no_file"
        await ann.send(m.Chat("elsewhere", "server", file="f1"))
        assert await error(ann) == "no_file"
        await ann.send(m.Chat("spoken", "nearby", file="f1"))
        assert await error(ann) == "not_kept"
        await ann.send(m.Chat("", "zone", file="f1"))
        line = await bob.expect(m.ChatMessage)
        assert line.file == m.ChatFileInfo("f1", "plan.png", "image/png", 70)
        await ann.send(m.Chat("again", "zone", file="f1"))
        assert await error(ann) == "no_file"


async def test_storage_that_is_away_is_told_and_lines_go_on() -> None:
    archive = MemoryArchive()
    async with world(archive) as tiny:
        ann, bob = await tiny.join("ann", (600, 700)), await tiny.join("bob", (600, 720))
        await ann.send(m.Chat("hello", "server"))
        line = await bob.expect(m.ChatMessage)
        archive.away = True
        await bob.send(m.ChatReact(line.id, "clap"))
        assert await error(bob, "chat_react") == "unavailable"
        await bob.send(m.Chat("still here", "server"))
        assert (await ann.expect(m.ChatMessage, lambda c: c.user_id == "bob")).text == "still here"


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_is_said_where_it_reaches_exactly_those_who_may_read_it(seed: int) -> None:
    """Random people in random places say random things: an oracle of its own names the readers."""
    dice = random.Random(seed)
    rooms = {ROOM_1: (100.0, 100.0), ROOM_2: (500.0, 100.0), HALL: (600.0, 700.0), None: (500.0, 1550.0)}
    async with world() as tiny:
        people: dict[str, tuple[Avatar, str | None, bool]] = {}
        for name in ("ann", "bob", "cat", "dan"):
            where = dice.choice(list(rooms))
            x, y = rooms[where]
            people[name] = (
                await tiny.join(name, (x + dice.randrange(40), y + dice.randrange(40))),
                where,
                True,
            )
        for name in ("guest-1", "guest-2"):
            room = dice.choice([ROOM_1, ROOM_2, HALL])
            people[name] = await guest(tiny, name, room), room, False
        for number in range(18):
            # In turn: nobody writes faster than they may.
            name = list(people)[number % len(people)]
            avatar, where, _ = people[name]
            scope: m.ChatScope = dice.choice(["nearby", "zone", "server", "direct"])
            to = {"zone": dice.choice([None, ROOM_1, HALL]), "direct": dice.choice(list(people))}.get(scope)
            text = f"line {number}"
            await avatar.send(m.Chat(text, scope, to))
            await asyncio.sleep(0.02)
            for one, _, _ in people.values():
                await one.sync()
            got = {n for n, (a, _, _) in people.items() if any(c.text == text for c in a.told(m.ChatMessage))}
            if scope == "nearby":
                walls = (ROOM_1, ROOM_2)
                apart = {
                    n for n, (_, w, _) in people.items() if w != where and (w in walls or where in walls)
                }
                assert name in got
                assert not got & apart
                continue
            assert got == readers(people, name, scope, to), (name, where, scope, to)


def readers(
    people: dict[str, tuple[Avatar, str | None, bool]], writer: str, scope: str, to: str | None
) -> set[str]:
    """Who should get a kept line: written down a second time, in other words than the rule's."""
    _, where, member = people[writer]
    if scope == "server":
        return {n for n, (_, _, belongs) in people.items() if belongs} if member else set()
    if scope == "direct":
        assert to is not None
        return {writer, to} if member and people[to][2] and to != writer else set()
    zone_id = to or where
    if zone_id is None:
        return set()
    if zone_id in (ROOM_1, ROOM_2):
        may = {n for n, (_, w, _) in people.items() if w == zone_id}
    else:
        may = {n for n, (_, w, belongs) in people.items() if belongs or w == zone_id}
    return may if writer in may else set()
