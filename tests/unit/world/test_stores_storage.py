"""Accounts, sessions, servers, zones and invitations, the same on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError

from signaling.messages import Bounds
from tests.support.api import STUDIO
from tests.support.databases import BACKENDS, empty_database, quick_passwords
from world.records import Spawn
from world.storage import invites, servers, sessions
from world.storage.database import Database, new_id
from world.storage.invites import InviteStore
from world.storage.migrate import upgrade
from world.storage.models import Base, ChatLine, Invite, LoginSession, Membership, Server, User, Zone
from world.storage.passwords import Passwords
from world.storage.servers import ServerStore, StorageRefused
from world.storage.sessions import SessionStore
from world.storage.users import Account, UsernameTaken, UserStore
from world.storage.zones import ZoneDraft, ZoneStore


@pytest.fixture(params=BACKENDS)
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    async with empty_database(request.param, tmp_path) as database:
        await upgrade(database)
        yield database


@pytest.fixture
async def ada(database: Database) -> AsyncIterator[Account]:
    passwords = quick_passwords()
    yield await UserStore(database, passwords).create("Ada", "correct horse")
    passwords.close()


async def count(database: Database, table: type[Base]) -> int:
    async with database.read() as session:
        return await session.scalar(select(func.count()).select_from(table)) or 0


async def test_a_password_is_kept_as_argon2id_and_made_anew_when_its_cost_grows(database: Database) -> None:
    cheap, dear = quick_passwords(), Passwords()
    account = await UserStore(database, cheap).create("ada", "correct horse")

    async def kept() -> str:
        async with database.read() as session:
            return await session.scalar(select(User.password_hash).where(User.id == account.id)) or ""

    assert (await kept()).startswith("$argon2id$v=19$m=8,t=1,p=1$")
    grown = UserStore(database, dear)
    assert await grown.authenticate("ada", "wrong horse") is None
    assert (await kept()).startswith("$argon2id$v=19$m=8,")
    proof = await grown.authenticate("ADA", "correct horse")
    assert proof is not None
    assert proof.account == account
    assert (await kept()).startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert await grown.authenticate("ada", "correct horse") == proof, "renewed once"
    cheap.close()
    dear.close()


async def test_what_was_proven_by_an_old_password_opens_and_changes_nothing_any_more(
    database: Database,
) -> None:
    passwords = quick_passwords()
    users, logins = UserStore(database, passwords), SessionStore(database)
    account = await users.create("ada", "correct horse")
    thief = await users.authenticate("ada", "correct horse")
    owner = await users.authenticate("ada", "correct horse")
    assert thief is not None
    assert owner is not None
    assert await users.set_password(owner, "battery staple")
    await logins.end_others(account.id, "")
    with pytest.raises(LookupError):
        await logins.open(account.id, thief.password_hash)
    assert not await users.set_password(thief, "mine, all mine")
    proof = await users.authenticate("ada", "battery staple")
    assert proof is not None
    await logins.open(account.id, proof.password_hash)
    assert await count(database, LoginSession) == 1
    passwords.close()


async def test_a_hash_that_is_made_anew_does_not_bring_the_old_password_back(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    cheap, dear = quick_passwords(), Passwords()
    users, grown = UserStore(database, cheap), UserStore(database, dear)
    await users.create("ada", "correct horse")
    proof = await users.authenticate("ada", "correct horse")
    assert proof is not None
    make = dear.hash

    async def meanwhile(password: str) -> str:
        renewed = await make(password)
        assert await users.set_password(proof, "battery staple")
        return renewed

    with monkeypatch.context() as patch:
        patch.setattr(dear, "hash", meanwhile)
        assert await grown.authenticate("ada", "correct horse") is None
    assert await grown.authenticate("ada", "battery staple") is not None
    cheap.close()
    dear.close()


async def test_of_many_signups_of_one_name_one_succeeds(database: Database) -> None:
    passwords = quick_passwords()
    users = UserStore(database, passwords)
    answers = await asyncio.gather(
        *(users.create(name, "correct horse") for name in ("ada", "Ada", "ADA", "ａｄａ")),
        return_exceptions=True,
    )
    assert sum(isinstance(answer, Account) for answer in answers) == 1
    assert sum(isinstance(answer, UsernameTaken) for answer in answers) == 3
    passwords.close()


async def test_only_the_hash_of_a_sessions_token_is_kept(database: Database, ada: Account) -> None:
    store = SessionStore(database)
    token, _ = await store.open(ada.id)
    async with database.read() as session:
        assert token not in str((await session.execute(select(LoginSession.token_hash))).all())
    login = await store.find(token)
    assert login is not None
    assert login.account == ada
    for wrong in ("", token[:-1], token + "x", "x" * 10_000, "é", "\x00"):
        assert await store.find(wrong) is None
    await store.end(login.session)
    assert await store.find(token) is None
    await store.end(login.session)


async def test_a_session_rolls_on_and_ends(database: Database, ada: Account) -> None:
    now = [datetime(2026, 1, 1, tzinfo=UTC)]
    store = SessionStore(database, timedelta(days=30), lambda: now[0])
    token, ends = await store.open(ada.id)
    assert ends == now[0] + timedelta(days=30)
    now[0] += timedelta(hours=23)
    login = await store.find(token)
    assert login is not None
    assert (login.rolled, login.expires_at) == (False, ends)
    now[0] += timedelta(days=28)
    login = await store.find(token)
    assert login is not None
    assert (login.rolled, login.expires_at) == (True, now[0] + timedelta(days=30))
    now[0] += timedelta(days=30)
    assert await store.find(token) is None
    await store.open(ada.id)
    assert await count(database, LoginSession) == 1, "what had ended is gone"


async def test_one_user_has_a_bounded_number_of_sessions(
    database: Database, ada: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "MAX_PER_USER", 3)
    now = [datetime(2026, 1, 1, tzinfo=UTC)]
    store = SessionStore(database, clock=lambda: now[0])
    tokens = []
    for _ in range(5):
        now[0] += timedelta(minutes=1)
        tokens.append((await store.open(ada.id))[0])
    alive = [await store.find(token) is not None for token in tokens]
    assert alive == [False, False, True, True, True]


async def test_a_server_comes_with_zones_spawns_and_owner_or_not_at_all(
    database: Database, ada: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = ServerStore(database)
    record = await store.create(ada.id, "Guild", STUDIO, "public")
    assert await store.server(record.id) == record
    assert (record.map_name, record.owner_id, record.access) == ("studio", ada.id, "public")
    assert record.spawns == (Spawn("Spawn_main", 320.0, 400.0),)
    assert [(zone.name, zone.type, zone.bounds) for zone in record.zones] == [
        (zone.name, zone.type, zone.bounds) for zone in STUDIO.zones
    ]
    member = await store.member(record.id, ada.id)
    assert member is not None
    assert (member.role, member.username, member.x) == ("owner", "Ada", None)

    before = [await count(database, table) for table in (Server, Zone, Membership)]
    monkeypatch.setattr(servers, "new_meeting_id", lambda: record.zones[0].meeting_id)
    with pytest.raises(IntegrityError):
        await store.create(ada.id, "Half", STUDIO, "public")
    assert [await count(database, table) for table in (Server, Zone, Membership)] == before


async def test_ids_that_are_none_find_nothing(database: Database, ada: Account) -> None:
    store, zones = ServerStore(database), ZoneStore(database)
    record = await store.create(ada.id, "Guild", STUDIO, "public")
    for wrong in ("", "guest-1", "x" * 1000, record.id.upper() + " ", record.id.replace("-", ""), "\x00"):
        assert await store.server(wrong) is None
        assert await store.member(record.id, wrong) is None
        assert await store.member(wrong, ada.id) is None
        assert await zones.get(wrong) is None
        assert await zones.by_meeting(wrong) is None
        await store.save_position(record.id, wrong, 1.0, 2.0)


async def test_the_last_position_is_kept(database: Database, ada: Account) -> None:
    store = ServerStore(database)
    record = await store.create(ada.id, "Guild", STUDIO, "public")
    await store.save_position(record.id, ada.id, 12.25, -3.5)
    member = await store.member(record.id, ada.id)
    assert member is not None
    assert (member.x, member.y) == (12.25, -3.5)


async def test_the_number_of_servers_members_and_invitations_has_a_bound(
    database: Database, ada: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(servers, "MAX_SERVERS_PER_OWNER", 1)
    monkeypatch.setattr(servers, "MAX_MEMBERS", 2)
    monkeypatch.setattr(invites, "MAX_INVITES", 1)
    passwords = quick_passwords()
    users = UserStore(database, passwords)
    store, invited = ServerStore(database), InviteStore(database)
    record = await store.create(ada.id, "Guild", STUDIO, "public")
    with pytest.raises(StorageRefused, match="at most 1 servers"):
        await store.create(ada.id, "Another", STUDIO, "public")
    bob, cleo = [await users.create(name, "correct horse") for name in ("bob", "cleo")]
    await store.join(record.id, bob.id)
    await store.join(record.id, bob.id)
    with pytest.raises(StorageRefused, match="no place"):
        await store.join(record.id, cleo.id)
    await invited.create(record.id, ada.id, None, None)
    with pytest.raises(StorageRefused, match="at most 1 open"):
        await invited.create(record.id, ada.id, None, None)
    passwords.close()


async def test_joining_twice_at_once_is_joining_once(database: Database, ada: Account) -> None:
    passwords = quick_passwords()
    store = ServerStore(database)
    bob = await UserStore(database, passwords).create("bob", "correct horse")
    record = await store.create(ada.id, "Guild", STUDIO, "public")
    await asyncio.gather(*(store.join(record.id, bob.id) for _ in range(5)))
    assert [member.username for member in await store.members(record.id)] == ["Ada", "bob"]
    with pytest.raises(StorageRefused, match="no such server"):
        await store.join(new_id(), bob.id)
    passwords.close()


async def test_deleting_a_server_deletes_what_belongs_to_it(database: Database, ada: Account) -> None:
    store = ServerStore(database)
    kept = await store.create(ada.id, "Kept", STUDIO, "public")
    gone = await store.create(ada.id, "Gone", STUDIO, "public")
    for record in (kept, gone):
        await InviteStore(database).create(record.id, ada.id, None, None)
        async with database.write() as session:
            session.add(
                ChatLine(
                    id=f"line-{record.name}",
                    server_id=record.id,
                    channel="server",
                    user_id=ada.id,
                    name="Ada",
                    text="hello",
                    created_at=datetime.now(UTC),
                )
            )
    await store.delete(gone.id)
    assert await store.server(gone.id) is None
    assert await store.server(kept.id) == kept
    tables = (Server, Zone, Membership, Invite, ChatLine)
    assert [await count(database, table) for table in tables] == [1, 2, 1, 1, 1]


async def test_zones_are_made_changed_rotated_and_deleted(database: Database, ada: Account) -> None:
    zones = ZoneStore(database)
    record = await ServerStore(database).create(ada.id, "Guild", STUDIO, "public")
    made = await zones.create(record.id, "Library", "PRIVATE", Bounds(0, 0, 32, 32), 4, False)
    assert await zones.get(made.id) == made
    changed = await zones.change(made.id, ZoneDraft(name="Archive", capacity=0, locked=True))
    assert changed is not None
    assert (changed.name, changed.capacity, changed.locked, changed.type) == (
        "Archive",
        None,
        True,
        "PRIVATE",
    )
    for kind in ("SILENT", "PUBLIC", "SILENT", "PRIVATE"):
        retyped = await zones.change(made.id, ZoneDraft(type=kind))
        assert retyped == replace(changed, type=kind)
    rotated = await zones.rotate_meeting(made.id)
    assert rotated != made.meeting_id
    assert await zones.by_meeting(made.meeting_id) is None
    found = await zones.by_meeting(rotated)
    assert found is not None
    assert found.id == made.id
    await zones.delete(made.id)
    assert await zones.by_meeting(rotated) is None
    assert await zones.change(made.id, ZoneDraft(name="x")) is None


async def test_the_database_itself_refuses_what_the_model_forbids(database: Database, ada: Account) -> None:
    record = await ServerStore(database).create(ada.id, "Guild", STUDIO, "public")
    for statement in (
        "UPDATE servers SET access = 'everybody'",
        "UPDATE memberships SET role = 'king'",
        "UPDATE zones SET type = 'SECRET'",
        "UPDATE zones SET capacity = 0",
        f"UPDATE servers SET owner_id = '{new_id()}'",
    ):
        with pytest.raises(IntegrityError):
            async with database.write() as session:
                await session.execute(text(statement))
    assert await ServerStore(database).server(record.id) == record


async def test_times_come_back_as_they_were_in_utc(database: Database, ada: Account) -> None:
    store = InviteStore(database, lambda: datetime(2026, 6, 1, 12, tzinfo=timezone(timedelta(hours=2))))
    record = await ServerStore(database).create(ada.id, "Guild", STUDIO, "public")
    made = await store.create(record.id, ada.id, timedelta(hours=1), None)
    async with database.read() as session:
        invite = await session.get(Invite, made.token)
        assert invite is not None
        assert invite.expires_at == datetime(2026, 6, 1, 11, tzinfo=UTC)
        assert invite.expires_at.tzinfo is UTC


async def test_many_writers_at_once_wait_for_each_other(database: Database, ada: Account) -> None:
    zones = ZoneStore(database)
    record = await ServerStore(database).create(ada.id, "Guild", STUDIO, "public")
    made = await asyncio.gather(
        *(
            zones.create(record.id, f"Booth {n}", "PRIVATE", Bounds(n, 0, 32, 32), None, False)
            for n in range(25)
        )
    )
    assert len({zone.id for zone in made}) == 25
    server = await ServerStore(database).server(record.id)
    assert server is not None
    assert len(server.zones) == 27
    async with database.read() as session:
        positions = (await session.scalars(select(Zone.position))).all()
    assert sorted(positions) == list(range(27))
