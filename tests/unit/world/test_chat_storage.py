"""The chat in the database and its files on disk, the same on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.api import STUDIO
from tests.support.databases import BACKENDS, empty_database, quick_passwords
from world.chat.archive import Line
from world.chat.files import OCTETS, FileLimits, FileRefused, FileStore, disposition, safe_name, sniff
from world.chat.keeper import ChatKeeper
from world.chat.rules import SERVER, Channel, direct_channel, zone_channel
from world.chat.store import MAX_UNREAD, ChatStore, Limits
from world.records import ServerRecord
from world.storage.database import Database
from world.storage.migrate import upgrade
from world.storage.servers import ServerStore
from world.storage.users import Account, UserStore
from world.storage.zones import ZoneStore

PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)


@dataclass
class Place:
    """A server with two members."""

    database: Database
    server: ServerRecord
    ada: Account
    bob: Account
    said: int = 0

    @property
    def room(self) -> Channel:
        return zone_channel(next(z.id for z in self.server.zones if z.type == "PRIVATE"))

    def line(self, channel: Channel, text: str = "hello", who: Account | None = None) -> Line:
        """The next line; each is a second later than the one before."""
        self.said += 1
        at = int((datetime.now(UTC) + timedelta(seconds=self.said)).timestamp() * 1000)
        by = who if who is not None else self.ada
        return Line(f"{at:011x}{self.said:04x}", self.server.id, channel, by.id, by.display_name, text, at)


@pytest.fixture(params=BACKENDS)
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    async with empty_database(request.param, tmp_path) as database:
        await upgrade(database)
        passwords = quick_passwords()
        users, servers = UserStore(database, passwords), ServerStore(database)
        ada, bob = await users.create("Ada", "correct horse"), await users.create("bob", "correct horse")
        server = await servers.create(ada.id, "Guild", STUDIO, "public")
        await servers.join(server.id, bob.id)
        yield Place(database, server, ada, bob)
        passwords.close()


async def test_pages_go_back_to_the_first_line_and_mix_no_channels(place: Place) -> None:
    store = ChatStore(place.database)
    await store.add([place.line(SERVER, f"{i}") for i in range(7)])
    await store.add([place.line(place.room, "in the room")])
    texts: list[str] = []
    before = None
    more = True
    while more:
        page, more = await store.page(place.server.id, SERVER, place.ada.id, before, 3)
        texts = [kept.line.text for kept in page] + texts
        before = page[0].line.id
    assert texts == [f"{i}" for i in range(7)]
    page, more = await store.page(place.server.id, place.room, place.ada.id, None, 1000)
    assert [kept.line.text for kept in page] == ["in the room"]
    assert not more


async def test_reactions_are_counted_and_ones_own_are_known(place: Place) -> None:
    store = ChatStore(place.database)
    line = place.line(SERVER)
    await store.add([line])
    assert await store.react(line.id, place.ada.id, "heart", True) == 1
    assert await store.react(line.id, place.ada.id, "heart", True) == 1
    assert await store.react(line.id, place.bob.id, "heart", True) == 2
    assert await store.react(line.id, place.bob.id, "clap", True) == 1
    assert await store.react(line.id, place.bob.id, "heart", False) == 1
    [kept], _ = await store.page(place.server.id, SERVER, place.ada.id, None, 9)
    assert kept.reactions == (("clap", 1, False), ("heart", 1, True))
    assert await store.react("no such line", place.ada.id, "heart", True) is None
    await store.forget(line.id)
    assert await store.line(place.server.id, line.id) is None


async def test_what_is_unread_counts_from_the_mark_and_without_ones_own_lines(place: Place) -> None:
    store = ChatStore(place.database)
    lines = [place.line(SERVER, who=place.bob) for _ in range(4)] + [place.line(SERVER)]
    await store.add(lines)

    async def unread(who: Account) -> int:
        [talk] = await store.talks(place.server.id, who.id, [SERVER])
        assert talk.last_id == lines[-1].id
        return talk.unread

    assert (await unread(place.ada), await unread(place.bob)) == (4, 1)
    await store.mark_read(place.server.id, place.ada.id, SERVER, lines[2].id)
    assert await unread(place.ada) == 1
    await store.mark_read(place.server.id, place.ada.id, SERVER, lines[0].id)
    assert await unread(place.ada) == 1, "an older mark has replaced a newer one"
    await store.add(lines := [place.line(SERVER, who=place.bob) for _ in range(MAX_UNREAD + 20)])
    assert await unread(place.ada) == MAX_UNREAD


async def test_a_direct_talk_is_listed_with_both_the_latest_first(place: Place) -> None:
    store = ChatStore(place.database)
    talk = direct_channel(place.ada.id, place.bob.id)
    assert await store.talks(place.server.id, place.bob.id, []) == []
    await store.add([place.line(talk, "psst")])
    [bobs] = await store.talks(place.server.id, place.bob.id, [])
    assert (bobs.channel, bobs.unread, bobs.other) == (talk, 1, ("Ada", place.ada.avatar))
    [adas] = await store.talks(place.server.id, place.ada.id, [])
    assert (adas.unread, adas.other and adas.other[0]) == (0, "bob")


async def test_a_channel_keeps_its_newest_lines_and_nothing_older_than_the_limit(place: Place) -> None:
    store = ChatStore(place.database, Limits(lines=5, days=30))
    await store.add([place.line(SERVER, f"{i}") for i in range(12)])
    await store.add([place.line(place.room)])
    await store.prune(place.server.id, SERVER)
    kept, _ = await store.page(place.server.id, SERVER, place.ada.id, None, 50)
    assert [k.line.text for k in kept] == ["7", "8", "9", "10", "11"]
    late = ChatStore(place.database, store.limits, clock=lambda: datetime.now(UTC) + timedelta(days=31))
    await late.prune_old()
    for channel in (SERVER, place.room):
        assert await store.page(place.server.id, channel, place.ada.id, None, 50) == ([], False)


async def test_a_rooms_lines_go_with_the_room(place: Place) -> None:
    store = ChatStore(place.database)
    assert place.room.zone_id is not None
    await store.add([place.line(place.room)])
    await ZoneStore(place.database).delete(place.room.zone_id)
    assert await store.page(place.server.id, place.room, place.ada.id, None, 9) == ([], False)
    gone, fine = place.line(place.room), place.line(SERVER, "fine")
    await store.add([gone, fine])
    kept, _ = await store.page(place.server.id, SERVER, place.ada.id, None, 9)
    assert [k.line.text for k in kept] == ["fine"]


async def test_lines_are_written_behind_the_talk_and_wait_for_a_database_that_is_away(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = ChatStore(place.database)
    lost: list[int] = []
    monkeypatch.setattr("world.chat.keeper.RETRY_SECONDS", 0.01)
    monkeypatch.setattr("world.chat.keeper.MAX_WAITING", 3)
    keeper = ChatKeeper(store, FileStore(place.database, tmp_path / "files"), lost.append)
    fails, add = True, store.add

    async def failing(lines: list[Line]) -> None:
        if fails:
            raise OSError("the database is away")
        await add(lines)

    monkeypatch.setattr(ChatStore, "add", lambda self, lines: failing(lines))
    keeper.start()
    lines = [place.line(SERVER, f"{i}") for i in range(5)]
    for line in lines:
        keeper.keep(line)
    await asyncio.sleep(0.05)
    assert lost == [1, 1]
    assert await keeper.line(place.server.id, lines[4].id) == lines[4], "a line on its way is not found"
    fails = False
    assert await keeper.react(lines[3].id, place.bob.id, "clap", True) == 1
    await keeper.close()
    kept, _ = await store.page(place.server.id, SERVER, place.bob.id, None, 9)
    assert [k.line.text for k in kept] == ["2", "3", "4"]


# --- files ---------------------------------------------------------------------------------------


async def parts(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def test_a_file_is_stored_sniffed_and_taken_by_one_line_of_its_channel(
    place: Place, tmp_path: Path
) -> None:
    files, store = FileStore(place.database, tmp_path / "files"), ChatStore(place.database)
    server = place.server.id
    info = await files.put(server, place.ada.id, SERVER, "../../plan\u202e.png", parts(PNG[:3], PNG[3:]))
    assert (info.name, info.type, info.size) == ("plan.png", "image/png", len(PNG))
    assert files.path_of(info.id).read_bytes() == PNG
    stored = await files.get(info.id)
    assert stored is not None
    assert (stored.channel, stored.said) == (SERVER, False)
    assert await store.take_file(info.id, server, place.bob.id, SERVER, "line") is None
    assert await store.take_file(info.id, server, place.ada.id, place.room, "line") is None
    line = place.line(SERVER)
    assert await store.take_file(info.id, server, place.ada.id, SERVER, line.id) == info
    assert await store.take_file(info.id, server, place.ada.id, SERVER, "again") is None
    await store.add([Line(*(line.id, server, SERVER, line.user_id, line.name, "", line.at, info))])
    [kept], _ = await store.page(server, SERVER, place.bob.id, None, 9)
    assert kept.line.file == info


async def test_what_is_too_large_or_beyond_a_quota_leaves_nothing_behind(
    place: Place, tmp_path: Path
) -> None:
    files = FileStore(place.database, tmp_path / "files", FileLimits(file=100, user=150, server=220))
    server, ada, bob = place.server.id, place.ada.id, place.bob.id

    async def put(who: str, size: int) -> str:
        try:
            await files.put(server, who, SERVER, "f", parts(bytes(size)))
        except FileRefused as refused:
            return refused.code
        return "taken"

    assert await put(ada, 0) == "empty_file"
    assert await put(ada, 101) == "file_too_large"
    assert await put(ada, 100) == "taken"
    assert await put(ada, 60) == "file_too_large"
    assert await put(ada, 50) == "taken"
    assert await put(ada, 1) == "quota_reached"
    assert await put(bob, 70) == "taken"
    assert await put(bob, 1) == "quota_reached"
    assert sum(p.is_file() for p in (tmp_path / "files").rglob("*")) == 3


async def test_uploads_at_once_do_not_pass_a_quota_together(place: Place, tmp_path: Path) -> None:
    files = FileStore(place.database, tmp_path / "files", FileLimits(file=100, user=150, server=1000))
    puts = [
        files.put(place.server.id, place.ada.id, SERVER, "f", parts(bytes(50), bytes(50))) for _ in range(4)
    ]
    done = await asyncio.gather(*puts, return_exceptions=True)
    assert sum(not isinstance(one, FileRefused) for one in done) == 1


async def test_a_sweep_takes_what_no_line_has_and_leaves_what_is_new(place: Place, tmp_path: Path) -> None:
    files, store = FileStore(place.database, tmp_path / "files"), ChatStore(place.database)
    server, ada = place.server.id, place.ada.id
    said, unsaid = [await files.put(server, ada, SERVER, "f", parts(b"abc")) for _ in range(2)]
    line = place.line(SERVER)
    await store.take_file(said.id, server, ada, SERVER, line.id)
    await store.add([Line(*(line.id, server, SERVER, ada, "Ada", "", line.at, said))])
    stray = files.path_of("ab" * 16)
    stray.parent.mkdir(exist_ok=True)
    stray.write_bytes(b"of a server that is gone")
    for path in (tmp_path / "files").rglob("*"):
        if path.is_file():
            os.utime(path, (0, 0))
    assert await files.sweep() == 1, "only the stray is old enough"
    later = FileStore(place.database, files.folder, clock=lambda: datetime.now(UTC) + timedelta(hours=2))
    assert await later.sweep() == 1
    assert not files.path_of(unsaid.id).exists()
    assert files.path_of(said.id).exists()
    await store.forget(line.id)
    assert await later.sweep() == 1
    assert not [path for path in files.folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (PNG[:16], "image/png"),
        (b"\xff\xd8\xff\xe0rest", "image/jpeg"),
        (b"GIF89a.", "image/gif"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", OCTETS),
        (b"<svg xmlns=", OCTETS),
        (b"<!doctype html>", OCTETS),
        (b"%PDF-1.7", OCTETS),
        (b"", OCTETS),
    ],
)
def test_only_pictures_keep_a_type_and_by_their_bytes(head: bytes, kind: str) -> None:
    assert sniff(head) == kind


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("notes.txt", "notes.txt"),
        ("C:\\temp\\x.exe", "x.exe"),
        ("../../etc/passwd", "passwd"),
        ("a\r\nSet-Cookie: b", "aSet-Cookie b"),
        ("…", "…"),
        ("..", "file"),
        ("", "file"),
        ("übung 1.pdf", "übung 1.pdf"),
    ],
)
def test_names_are_for_people_and_no_paths(name: str, safe: str) -> None:
    assert safe_name(name) == safe


def test_a_long_name_keeps_its_end_and_a_header_cannot_be_broken() -> None:
    long = safe_name("x" * 500 + ".jpeg")
    assert len(long) == 120
    assert long.endswith(".jpeg")
    from signaling.messages import ChatFileInfo

    header = disposition(ChatFileInfo("id", 'a"b\\%ü.txt', OCTETS, 1))
    assert header == "attachment; filename=\"a_b___.txt\"; filename*=UTF-8''a%22b%5C%25%C3%BC.txt"
