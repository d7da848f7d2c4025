"""What `atrium` says when it cannot start: one line, no traceback, and the right exit code."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.support.ports import free_port
from web import cli
from world.storage.database import Database
from world.storage.migrate import upgrade

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the command with ports and a folder of its own: (exit code, what it said)."""
    for name in ("ATRIUM_CONFIG", "DATABASE_URL", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("web.logs.log_to_stderr", lambda level, form: None)

    def run(*arguments: str, **environment: str) -> tuple[int, str]:
        own = {
            "ATRIUM_PORT": str(free_port()),
            "ATRIUM_MEDIA_PORT": str(free_port()),
            "ATRIUM_DATA": str(tmp_path / "data"),
        }
        for name, value in (own | environment).items():
            monkeypatch.setenv(name, value)
        with pytest.raises(SystemExit) as ended:
            cli.main(arguments)
        told = capsys.readouterr()
        code = ended.value.code
        assert isinstance(code, int)
        return code, told.out + told.err

    return run


def one_line(said: str) -> str:
    lines = said.strip().splitlines()
    assert len(lines) == 1, said
    assert lines[0].startswith("atrium: ")
    return lines[0]


def test_a_wrong_setting_ends_with_2(run: Run) -> None:
    code, said = run("serve", ATRIUM_PORT="eighty")
    assert code == 2
    assert "environment ATRIUM_PORT: 'eighty' does not fit port" in one_line(said)


def test_world_and_worker_need_redis(run: Run) -> None:
    for command in ("world", "worker"):
        code, said = run(command)
        assert code == 2
        assert "REDIS_URL" in one_line(said)


def test_an_unknown_command_or_flag_ends_with_2(run: Run) -> None:
    assert run("dance")[0] == 2
    assert run("serve", "--volume", "11")[0] == 2


def test_config_prints_values_sources_and_no_secret(run: Run) -> None:
    code, said = run("config", "--host", "::1", ATRIUM_SECRET="s3cret" * 8)
    assert code == 0
    lines = {line.split(" = ")[0].strip(): line for line in said.strip().splitlines()}
    assert lines["host"].endswith("# flag --host")
    assert "::1" in lines["host"]
    assert "s3cret" not in said


def test_a_busy_tcp_port_is_named(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, said = run("serve", ATRIUM_PORT=str(port))
    assert code == 1
    assert f"TCP port {port} on 127.0.0.1 is in use" in one_line(said)
    assert "ATRIUM_PORT" in said


def test_a_busy_media_port_is_named(run: Run) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        code, said = run("serve", ATRIUM_MEDIA_PORT=str(port))
    assert code == 1
    assert f"UDP port {port} on 127.0.0.1 is in use" in one_line(said)
    assert "ATRIUM_MEDIA_PORT" in said


def test_an_address_that_is_not_ours_is_named(run: Run) -> None:
    code, said = run("serve", ATRIUM_HOST="192.0.2.1")
    assert code == 1
    assert "192.0.2.1" in one_line(said)
    assert "ATRIUM_HOST" in said


def test_a_data_folder_that_cannot_be_written_is_named(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    for folder in (tmp_path / "file", tmp_path / "file" / "below", Path("/proc/atrium")):
        code, said = run("serve", ATRIUM_DATA=str(folder))
        assert code == 1
        assert f"the data folder {folder} cannot be written" in one_line(said)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mysql://db/atrium", "mysql is not supported"),
        ("nonsense", "cannot be read"),
        ("sqlite:////proc/nowhere/atrium.db", "cannot be"),
        ("postgresql://atrium:hunter2@127.0.0.1:1/atrium", "cannot be used"),
    ],
)
def test_a_database_that_cannot_be_used_is_named_without_its_password(run: Run, url: str, words: str) -> None:
    for command in ("serve", "migrate"):
        code, said = run(command, DATABASE_URL=url)
        assert code == 1
        assert words in one_line(said)
        assert "hunter2" not in said


def test_a_file_that_is_no_database_is_named(run: Run, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "atrium.db").write_text("this is not a database at all, but long enough to be one")
    code, said = run("migrate")
    assert code == 1
    assert "not a database" in one_line(said)


def test_migrate_makes_the_database_and_says_so(run: Run, tmp_path: Path) -> None:
    for _ in range(2):
        code, said = run("migrate")
        assert code == 0
        assert said.strip().endswith("atrium.db is up to date")
    assert (tmp_path / "data" / "atrium.db").is_file()


def test_a_database_of_a_newer_release_is_left_alone(run: Run, tmp_path: Path) -> None:
    async def from_the_future() -> None:
        database = Database(f"sqlite:///{tmp_path}/data/atrium.db")
        await upgrade(database)
        async with database.write() as session:
            await session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        await database.close()

    asyncio.run(from_the_future())
    code, said = run("serve")
    assert code == 1
    assert "revision 9999" in one_line(said)
