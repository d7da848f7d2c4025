"""Backups bring everything back: taken from a running installation, restored elsewhere, on both databases."""

from __future__ import annotations

import asyncio
import io
import subprocess
import tarfile
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from tests.support.atrium_server import AtriumServer
from tests.support.databases import empty_database
from tests.support.postgres_server import postgres_binaries, postgres_server
from tests.support.walker import PASSWORD, Walker
from web.backup import BackupError, back_up, restore
from world.storage.database import Database
from world.storage.migrate import upgrade


async def test_a_running_installation_on_sqlite_comes_back_in_another_folder(tmp_path: Path) -> None:
    before, after, archive = tmp_path / "before", tmp_path / "after", tmp_path / "atrium.tar.gz"
    with AtriumServer(before) as server:
        ada = Walker(server.url)
        await ada.sign_up()
        home = await ada.create_server()
        zone = home["zones"][0]
        (before / "files").mkdir(exist_ok=True)
        (before / "files" / "picture").write_bytes(b"a picture")
        held = await asyncio.to_thread(back_up, before, before / "atrium.db", archive)
        # What came after the backup is not in it.
        await ada.create_server()
        await ada.close()
    assert held[:2] == ["atrium.db", "secret"]
    assert archive.stat().st_mode & 0o077 == 0
    restore(after, archive)
    assert (after / "files" / "picture").read_bytes() == b"a picture"
    assert (after / "secret").read_text() == (before / "secret").read_text()
    assert (after / "secret").stat().st_mode & 0o077 == 0
    with AtriumServer(after) as server:
        again = Walker(server.url)
        await again.call("POST", "/api/auth/login", {"username": ada.username, "password": PASSWORD})
        servers = (await again.call("GET", "/api/servers"))["servers"]
        assert [one["id"] for one in servers] == [home["id"]]
        # A link that was sent before still opens its room.
        assert (await again.call("GET", f"/api/meetings/{zone['meeting_id']}"))["zone"]["name"] == zone[
            "name"
        ]
        await again.close()


async def test_a_dump_of_postgresql_comes_back_in_another_database(tmp_path: Path) -> None:
    url = await asyncio.to_thread(postgres_server)
    binaries = postgres_binaries()
    if not (binaries / "pg_dump").exists():
        pytest.skip("this PostgreSQL comes without pg_dump")
    async with empty_database("postgresql", tmp_path) as database:
        await upgrade(database)
        with AtriumServer(tmp_path / "one", DATABASE_URL=_text(database)) as server:
            ada = Walker(server.url)
            await ada.sign_up()
            home = await ada.create_server()
            dump = await run(binaries / "pg_dump", "-Fc", "--no-owner", f"--dbname={_text(database)}")
            await ada.close()
        name = f"test_{uuid4().hex}"
        admin = await asyncpg.connect(f"{url}/postgres")
        await admin.execute(f'CREATE DATABASE "{name}"')
        try:
            await run(binaries / "pg_restore", "--no-owner", f"--dbname={url}/{name}", given=dump)
            with AtriumServer(tmp_path / "two", DATABASE_URL=f"{url}/{name}") as server:
                again = Walker(server.url)
                await again.call("POST", "/api/auth/login", {"username": ada.username, "password": PASSWORD})
                servers = (await again.call("GET", "/api/servers"))["servers"]
                assert [one["id"] for one in servers] == [home["id"]]
                await again.close()
        finally:
            await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
            await admin.close()


async def run(program: Path, *arguments: str, given: bytes = b"") -> bytes:
    def call() -> bytes:
        done = subprocess.run(
            [program, *arguments], input=given, capture_output=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return await asyncio.to_thread(call)


def _text(database: Database) -> str:
    return database.url.set(drivername="postgresql").render_as_string(hide_password=False)


def test_a_folder_in_use_is_not_overwritten_and_nothing_makes_no_backup(tmp_path: Path) -> None:
    full, archive = tmp_path / "full", tmp_path / "atrium.tar.gz"
    full.mkdir()
    (full / "secret").write_text("s" * 40)
    back_up(full, None, archive)
    with pytest.raises(BackupError, match="holds an installation"):
        restore(full, archive)
    with pytest.raises(BackupError, match="nothing to back up"):
        back_up(tmp_path / "empty", None, tmp_path / "none.tar.gz")
    assert not (tmp_path / "none.tar.gz").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["atrium.tar.gz", "full"]


def test_with_a_database_and_a_secret_elsewhere_a_folder_without_files_is_backed_up_too(
    tmp_path: Path,
) -> None:
    (tmp_path / "data").mkdir()
    assert back_up(tmp_path / "data", None, tmp_path / "atrium.tar.gz") == ["0 files"]
    assert restore(tmp_path / "back", tmp_path / "atrium.tar.gz") == []


@pytest.mark.parametrize("name", ["../escaped", "/etc/escaped", "files/../../escaped", "other"])
def test_an_archive_that_is_not_ours_writes_nothing_outside(name: str, tmp_path: Path) -> None:
    archive = tmp_path / "evil.tar.gz"
    with tarfile.open(archive, "w:gz") as out:
        entry = tarfile.TarInfo(name)
        entry.size = 4
        out.addfile(entry, io.BytesIO(b"evil"))
    with pytest.raises(BackupError):
        restore(tmp_path / "data", archive)
    assert not list(tmp_path.rglob("*escaped*"))


def test_half_an_archive_is_told(tmp_path: Path) -> None:
    (tmp_path / "half.tar.gz").write_bytes(b"\x1f\x8b\x08\x00nonsense")
    with pytest.raises(BackupError, match="cannot be unpacked"):
        restore(tmp_path / "data", tmp_path / "half.tar.gz")
