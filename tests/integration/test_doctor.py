"""`atrium doctor` against real services: what is well, what is broken, and what it advises."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import socket
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from tests.support.atrium_server import AtriumServer
from tests.support.databases import empty_database
from tests.support.ports import free_port
from tests.support.redis_server import RedisServer
from tests.support.turn_server import TurnServer
from web import cli
from web.doctor import ports, services
from web.doctor.finding import exit_code
from web.doctor.look import look
from web.settings import load
from world.storage.migrate import downgrade, upgrade

SECRET = "a secret that only the world and coturn know"
# Our own turnserver.conf denies loopback twice.
LOOPBACK = ("--allow-loopback-peers", "--allowed-peer-ip=127.0.0.1")


async def doctor(data: Path, **settings: str) -> tuple[int, dict[str, dict[str, Any]]]:
    """Exit code, and the findings by what was checked."""
    own = {
        "ATRIUM_PORT": str(free_port()),
        "ATRIUM_MEDIA_PORT": str(free_port()),
        "ATRIUM_DATA": str(data),
    }
    findings = await look(load({}, own | settings))
    return exit_code(findings), {finding.check: asdict(finding) for finding in findings}


def test_the_command_tells_programs_and_people_and_ends_with_1_when_something_must_be_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("DATABASE_URL", "REDIS_URL", "ATRIUM_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ATRIUM_DATA", str(tmp_path))
    monkeypatch.setenv("ATRIUM_MEDIA_PORT", str(free_port()))
    for port, code in ((str(free_port()), 0), ("1", 1)):
        monkeypatch.setenv("ATRIUM_HOST", "127.0.0.1" if code == 0 else "192.0.2.1")
        monkeypatch.setenv("ATRIUM_PORT", port)
        for form in ((), ("--json",)):
            with pytest.raises(SystemExit) as ended:
                cli.main(["doctor", *form])
            logging.disable(logging.NOTSET)
            assert ended.value.code == code
            told = capsys.readouterr().out
            if form:
                assert json.loads(told)["ok"] is (code == 0)
            else:
                assert ("BAD  page port" in told) is (code == 1)
                assert bool(re.search(r"page port .*\n +→ ", told)) is (code == 1)


async def test_a_fresh_machine_is_well(tmp_path: Path) -> None:
    code, found = await doctor(tmp_path)
    assert code == 0
    assert {"file limit", "socket buffers", "forwarding plane", "data folder", "secret"} <= set(found)
    for check in ("page port", "media port", "media address", "UDP to 127.0.0.1", "database", "secret"):
        assert found[check]["state"] == "good", found[check]
    assert found["Redis"]["state"] == found["TURN"]["state"] == "skipped"


async def test_a_plane_that_was_chosen_is_a_fact_and_no_warning(tmp_path: Path) -> None:
    _, found = await doctor(tmp_path, ATRIUM_PLANE="python")
    assert found["forwarding plane"]["state"] == "good"
    assert found["forwarding plane"]["found"].startswith("python, as set")
    assert found["forwarding plane"]["advice"] == ""


async def test_it_finds_our_running_server_and_its_database(tmp_path: Path) -> None:
    with AtriumServer(tmp_path) as server:
        code, found = await doctor(
            tmp_path, ATRIUM_PORT=str(server.port), ATRIUM_MEDIA_PORT=str(server.media_port)
        )
    assert code == 0
    assert "is ours" in found["page port"]["found"]
    assert found["media port"]["state"] == "good"
    assert "is ours" in found["media port"]["found"]
    assert "revision" in found["database"]["found"]
    assert "private" in found["secret"]["found"]


async def test_ports_of_other_programs_are_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        code, found = await doctor(tmp_path, ATRIUM_PORT=str(taken.getsockname()[1]))
    assert code == 1
    assert "used by another program" in found["page port"]["found"]
    assert "ATRIUM_PORT" in found["page port"]["advice"]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as media:
        media.bind(("127.0.0.1", 0))
        code, found = await doctor(tmp_path, ATRIUM_MEDIA_PORT=str(media.getsockname()[1]))
    assert code == 1
    assert f"(process {os.getpid()})" in found["media port"]["found"]
    assert "ATRIUM_MEDIA_PORT" in found["media port"]["advice"]


async def test_services_that_are_gone_are_told_with_what_to_do_and_without_passwords(tmp_path: Path) -> None:
    code, found = await doctor(
        tmp_path,
        REDIS_URL=f"redis://:hunter2@127.0.0.1:{free_port()}/0",
        DATABASE_URL=f"postgresql://atrium:hunter2@127.0.0.1:{free_port()}/atrium",
        ATRIUM_TURN_URLS=f"turn:127.0.0.1:{free_port()}?transport=tcp",
        ATRIUM_TURN_SECRET=SECRET,
        ATRIUM_HOST="0.0.0.0",
        ATRIUM_MEDIA_ADDRESS="127.0.0.1",
    )
    assert code == 1
    bad = {check for check, finding in found.items() if finding["state"] == "bad"}
    assert {"Redis", "database", "media address"} <= bad
    assert any(check.startswith("TURN turn:") for check in bad)
    assert all(found[check]["advice"] for check in bad)
    assert "hunter2" not in json.dumps(found)
    assert found["secret"]["state"] == "warning"


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """How quickly Redis answers is not what the test is about: others may use the machine."""
    monkeypatch.setattr(services, "SLOW_REDIS_SECONDS", 60.0)


@pytest.mark.usefixtures("unhurried")
async def test_a_whole_installation_is_well(tmp_path: Path) -> None:
    with RedisServer() as redis, TurnServer(SECRET, tmp_path, *LOOPBACK) as turn:
        code, found = await doctor(
            tmp_path,
            REDIS_URL=redis.url,
            ATRIUM_SECRET="s" * 40,
            ATRIUM_TURN_URLS=f"turn:127.0.0.1:{turn.port},turn:127.0.0.1:{turn.port}?transport=tcp",
            ATRIUM_TURN_SECRET=SECRET,
        )
    assert code == 0, found
    assert found["Redis"]["state"] == found["Redis publish"]["state"] == "good"
    assert found["clock of Redis"]["state"] == "good"
    for transport in ("", "?transport=tcp"):
        assert "to our media" in found[f"TURN turn:127.0.0.1:{turn.port}{transport}"]["found"]


async def test_a_relay_with_another_secret_or_closed_to_our_media_is_told(tmp_path: Path) -> None:
    with TurnServer(SECRET, tmp_path) as turn:
        url = f"turn:127.0.0.1:{turn.port}"
        _, found = await doctor(tmp_path, ATRIUM_TURN_URLS=url, ATRIUM_TURN_SECRET="another secret")
        assert found[f"TURN {url}"]["found"].startswith("401")
        assert "static-auth-secret" in found[f"TURN {url}"]["advice"]
        _, found = await doctor(tmp_path, ATRIUM_TURN_URLS=url, ATRIUM_TURN_SECRET=SECRET)
        assert "not to our media at 127.0.0.1: 403" in found[f"TURN {url}"]["found"]
        assert "allowed-peer-ip=127.0.0.1" in found[f"TURN {url}"]["advice"]


@pytest.mark.parametrize("backend", ["sqlite", "postgresql"])
async def test_the_databases_revision_is_weighed(backend: str, tmp_path: Path) -> None:
    async with empty_database(backend, tmp_path) as database:
        url = database.url.render_as_string(hide_password=False)

        async def look() -> dict[str, tuple[str, str]]:
            settings = load({}, {"DATABASE_URL": url, "ATRIUM_DATA": str(tmp_path)})
            return {f.check: (f.state, f.found) for f in await services.database(settings)}

        await upgrade(database)
        found = await look()
        assert found["database"][0] == "good"
        if backend == "postgresql":
            assert found["clock of PostgreSQL"][0] == "good"
        await downgrade(database)
        assert (await look())["database"][0] in {"good", "warning"}
        await upgrade(database)
        from sqlalchemy import text

        async with database.write() as session:
            await session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        state, words = (await look())["database"]
        assert state == "bad"
        assert "9999" in words


def test_clocks_apart_are_told() -> None:
    states = [services.clock("Redis", ahead).state for ahead in (0.1, -0.9, 30.0)]
    assert states == ["good", "warning", "bad"]


async def test_an_advertised_address_that_leads_nowhere_is_told() -> None:
    # Blackholed: a documentation address (RFC 5737).
    found = await ports.reaches_itself("127.0.0.1", 0, "192.0.2.77")
    assert found.state in {"warning", "bad"}
    assert found.advice
    await asyncio.sleep(0)


@pytest.mark.usefixtures("unhurried")
async def test_a_redis_that_lets_us_do_less_is_told_by_what_it_forbids(tmp_path: Path) -> None:
    with RedisServer() as redis:
        client: Any = Redis.from_url(redis.url)
        await client.execute_command(
            "ACL", "SETUSER", "hosted", "on", ">secret", "~*", "&*", "+@all", "-config"
        )
        await client.execute_command(
            "ACL", "SETUSER", "mute", "on", ">secret", "~*", "&*", "+@all", "-publish"
        )
        await client.aclose()
        hosted = redis.url.replace("://", "://hosted:secret@")
        code, found = await doctor(tmp_path, REDIS_URL=hosted, ATRIUM_SECRET="s" * 32)
        assert (code, found["Redis"]["state"], found["Redis publish"]["state"]) == (0, "good", "good")
        # One world may keep its accounts in SQLite; a second one would have others.
        assert found["database"]["state"] == "warning"
        code, found = await doctor(tmp_path, REDIS_URL=hosted.replace("hosted", "mute"))
        assert (code, found["Redis"]["state"], found["Redis publish"]["state"]) == (1, "good", "bad")
        assert "ACL" in found["Redis publish"]["advice"]
