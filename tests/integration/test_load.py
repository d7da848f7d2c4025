"""`atrium load` against the real server: what it prints is what happened, and it leaves nothing running."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import stat
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest

from signaling.registry import RedisRegistry
from tests.support.atrium_server import AtriumServer
from tests.support.redis_server import RedisServer
from tests.support.walker import Walker
from tools.install import VENV

ATRIUM = str(VENV / "bin" / "atrium")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AtriumServer]:
    with AtriumServer(tmp_path_factory.mktemp("load")) as running:
        yield running


def loaded(server: AtriumServer, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [ATRIUM, "load", server.url, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_people_walk_and_talk_and_what_they_get_is_counted(server: AtriumServer, tmp_path: Path) -> None:
    kept = tmp_path / "accounts.json"
    wanted = ["--people", "4", "--talking", "3", "--seconds", "2", "--video", "--json"]
    done = loaded(server, *wanted, "--accounts", str(kept))
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert (found["people"], found["talking"], found["gone"], found["errors"]) == (4, 3, 0, {})
    assert 20 < found["moves"] <= 4 * 21
    assert found["positions"] > found["moves"] / 2, "each is seen by the others"
    assert found["packets_sent"] > 100
    assert found["packets"] > 50
    assert found["loss"] is not None
    assert found["without_media"] == 0
    assert 0 < found["first_media_p50"] <= found["first_media_max"] < 20_000
    assert 0 < found["ping_p50"] <= found["ping_p99"]
    assert "runs this installation now" in done.stderr, "the very first account does"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    names = [each["username"] for each in json.loads(kept.read_text())["accounts"]]
    assert len(names) == 4

    again = loaded(server, "--people", "2", "--seconds", "1", "--json", "--accounts", str(kept))
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["moves"] > 5
    assert [each["username"] for each in json.loads(kept.read_text())["accounts"]] == names


async def test_whose_worker_is_drained_moves_and_whose_worker_dies_comes_back(tmp_path: Path) -> None:
    with RedisServer() as redis, ExitStack() as stack:
        common = {"REDIS_URL": redis.url, "ATRIUM_SECRET": "s" * 40}
        world = AtriumServer(tmp_path / "world", "world", **common)
        workers = {
            name: AtriumServer(tmp_path / name, "worker", ATRIUM_WORKER_NAME=name, **common)
            for name in ("one", "two")
        }
        for each in (world, *workers.values()):
            each.launch()
            stack.callback(each.stop, False)
        for each in (world, *workers.values()):
            await asyncio.to_thread(each.wait_ready)
        command = [ATRIUM, "load", world.url, "--people", "2", "--talking", "2", "--seconds", "300", "--json"]
        pipe = asyncio.subprocess.PIPE
        running = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe)
        registry = RedisRegistry(redis.url)

        async def until_carried_by(*names: str) -> str:
            """Until one of these workers sends what two people say. Which one."""
            async with asyncio.timeout(120):
                while True:
                    assert running.returncode is None, await running.communicate()
                    with suppress(ConnectionError):  # the machine is busy
                        for beat in await registry.workers():
                            if beat.worker in names and beat.sessions == 2 and beat.rate > 0:
                                return beat.worker
                    await asyncio.sleep(0.2)

        try:
            carrier = await until_carried_by(*workers)
            (other,) = workers.keys() - {carrier}
            environment = {k: v for k, v in os.environ.items() if not k.startswith("ATRIUM_")} | common
            for more in ((), ("--cancel",)):
                drain = [ATRIUM, "drain", carrier, *more]
                await asyncio.to_thread(subprocess.run, drain, env=environment, check=True, timeout=120)
            await until_carried_by(other)
            os.kill(workers[other].pid, signal.SIGKILL)
            await until_carried_by(carrier)
            running.send_signal(signal.SIGINT)
            async with asyncio.timeout(60):
                told, errors = await running.communicate()
        finally:
            await registry.close()
            if running.returncode is None:
                running.kill()
                await running.wait()
        found = json.loads(told)
        assert (found["media_moved"], found["gone"], found["errors"]) == (2, 0, {}), errors
        assert found["media_lost"] >= found["media_back"] >= 1


def test_a_server_that_has_no_room_for_media_is_quoted(tmp_path: Path) -> None:
    with RedisServer() as redis:
        common = {"REDIS_URL": redis.url, "ATRIUM_SECRET": "s" * 40}
        with AtriumServer(tmp_path, "world", **common) as world:
            done = loaded(world, "--people", "1", "--talking", "1", "--seconds", "1")
    assert done.returncode == 1
    assert "no media worker is running" in done.stderr
    assert "Traceback" not in done.stderr


async def test_ctrl_c_ends_it_with_its_figures_and_its_server_is_gone(
    server: AtriumServer, tmp_path: Path
) -> None:
    kept = tmp_path / "accounts.json"
    command = [ATRIUM, "load", server.url, "--people", "2", "--seconds", "600", "--accounts", str(kept)]
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    assert process.stderr is not None
    async with asyncio.timeout(30):
        while b"are there" not in await process.stderr.readline():
            pass
        process.send_signal(signal.SIGINT)
        out, _ = await process.communicate()
    assert process.returncode == 0
    assert out.startswith(b"people            2")
    first = json.loads(kept.read_text())["accounts"][0]
    walker = Walker(server.url)
    try:
        await walker.call(
            "POST", "/api/auth/login", {"username": first["username"], "password": first["password"]}
        )
        assert (await walker.call("GET", "/api/servers"))["servers"] == []
    finally:
        await walker.close()


def test_what_cannot_be_loaded_is_said_in_one_line(server: AtriumServer) -> None:
    done = loaded(server, "--people", "1", "--seconds", "1", "--map", "atlantis")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("atrium: POST /api/servers: 4")
