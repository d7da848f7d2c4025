"""Who runs the place sees all of it, and nobody else does."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from signaling.tickets import AdminTicket, ResumeTicket, Tickets
from tests.support.atrium_server import AtriumServer
from tests.support.redis_server import RedisServer
from tests.support.walker import PASSWORD, Walker
from tools.install import VENV
from web.secret import kept_secret

OVERVIEW = "/api/admin/overview"
SECRET = "one secret for every process of this test"


async def look_until(walker: Walker, fits: Any, seconds: float = 15.0) -> dict[str, Any]:
    """The first overview that fits. Raises AssertionError with the last one."""
    end = time.monotonic() + seconds
    while True:
        seen: dict[str, Any] = await walker.call("GET", OVERVIEW)
        if fits(seen):
            return seen
        assert time.monotonic() < end, seen
        await asyncio.sleep(0.2)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("admin")


@pytest.fixture(scope="module")
def server(data: Path) -> Iterator[AtriumServer]:
    with AtriumServer(data, ATRIUM_WORKER_NAME="carrier") as running:
        yield running


async def the_boss(server: AtriumServer) -> Walker:
    """The shared server's first account, at whatever test comes first."""
    walker = Walker(server.url)
    walker.username = "boss"
    login = {"username": walker.username, "password": PASSWORD}
    async with walker.http.post("/api/auth/signup", json=login) as answer:
        if answer.status != 201:
            await walker.call("POST", "/api/auth/login", login)
    return walker


async def test_the_first_account_sees_who_is_where_and_how_good_and_others_see_nothing(
    server: AtriumServer,
) -> None:
    ada, bob = await the_boss(server), Walker(server.url)
    stranger = Walker(server.url)
    try:
        await stranger.call("GET", OVERVIEW, expect=401)
        await bob.sign_up()
        await bob.call("GET", OVERVIEW, expect=404)
        home = await ada.create_server()
        await ada.enter(home["id"])
        await bob.enter(home["id"])
        await ada.start_media(440.0, luma=100)
        await bob.start_media(700.0)
        await bob.hears()

        def flowing(seen: dict[str, Any]) -> bool:
            people = [person for place in seen["servers"] for person in place["present"]]
            by_name = {person["name"]: person for person in people}
            return (
                len(by_name) == 2
                and by_name[ada.username]["up_kbit"] > 20
                and by_name[bob.username]["down_kbit"] > 20
                and seen["workers"][0]["packets_out"] > 50
                and by_name[bob.username]["loss"] >= 0
                and by_name[bob.username]["round_trip"] >= 0
            )

        seen = await look_until(ada, flowing)
        (place,) = seen["servers"]
        assert (place["id"], place["name"], place["people"]) == (home["id"], "Home", 2)
        people = {person["name"]: person for person in place["present"]}
        assert people[ada.username]["zone"] == "Hall"
        assert people[ada.username]["on"] == ["mic", "camera"]
        assert people[bob.username]["on"] == ["mic"]
        (worker,) = seen["workers"]
        assert {person["worker"] for person in people.values()} == {worker["name"]}
        assert worker["sessions"] == 2
        assert worker["answers"]
        assert worker["plane"] in {"native", "python"}
        assert {person["quality"] for person in people.values()} <= {"good", "fair", "poor"}
        (node,) = seen["nodes"]
        assert (node["people"], node["clients"], node["spaces"]) == (2, 2, 1)
        assert seen["totals"]["people"] == 2
        assert seen["totals"]["kbit_out"] > 20
    finally:
        for walker in (ada, bob, stranger):
            await walker.close()


async def test_a_worker_is_drained_and_taken_back_by_those_who_run_the_place_alone(
    server: AtriumServer, data: Path
) -> None:
    path = "/api/admin/workers/carrier/drain"
    boss, other, stranger = await the_boss(server), Walker(server.url), Walker(server.url)
    try:
        await other.sign_up()
        await other.call("POST", path, {}, expect=404)
        await stranger.call("POST", path, {}, expect=401)
        ticket = Tickets(await asyncio.to_thread(kept_secret, data)).issue(
            AdminTicket("top"), 30, time.time()
        )
        async with stranger.http.post(path, json={}, headers={"Authorization": f"Bearer {ticket}"}) as answer:
            assert answer.status == 401, "that ticket is for looking"
        async with boss.http.post(path, json={}, headers={"Origin": "https://evil.example"}) as answer:
            assert answer.status == 403
        async with boss.http.post(path, data=b"{}", headers={"Content-Type": "text/plain"}) as answer:
            assert answer.status == 403, "a foreign form could send that"
        await boss.call("POST", path, {"deadline": -1}, expect=422)
        await boss.call("POST", "/api/admin/workers/nobody/drain", {}, expect=404)
        await look_until(boss, lambda seen: not seen["workers"][0]["draining"])

        await boss.call("POST", path, {"deadline": 60})
        await look_until(boss, lambda seen: seen["workers"][0]["draining"])
        await boss.call("POST", path, {"cancel": True})
        await look_until(boss, lambda seen: not seen["workers"][0]["draining"])
    finally:
        for walker in (boss, other, stranger):
            await walker.close()


async def test_named_admins_alone_and_tickets_of_the_secret_open_it(tmp_path: Path) -> None:
    with AtriumServer(tmp_path, ATRIUM_ADMINS="grace, Walker_Of_All") as server:
        first, named = Walker(server.url), Walker(server.url)
        named.username = "walker_of_all"
        try:
            await first.sign_up()
            await named.sign_up()
            await first.call("GET", OVERVIEW, expect=404)
            assert (await named.call("GET", OVERVIEW))["servers"] == []

            tickets, now = Tickets(await asyncio.to_thread(kept_secret, tmp_path)), time.time()
            cases = {
                tickets.issue(AdminTicket("top"), 30, now): 200,
                tickets.issue(AdminTicket("top"), 30, now - 60): 401,
                tickets.issue(ResumeTicket("server", "user", "session"), 30, now): 401,
                Tickets("x" * 40).issue(AdminTicket("top"), 30, now): 401,
                "nonsense": 401,
            }
            for ticket, status in cases.items():
                headers = {"Authorization": f"Bearer {ticket}"}
                async with first.http.get(OVERVIEW, headers=headers) as answer:
                    assert answer.status == status, await answer.text()
        finally:
            await first.close()
            await named.close()


async def test_any_node_tells_of_all_nodes_and_workers(tmp_path: Path) -> None:
    with RedisServer() as redis:
        common = {
            "REDIS_URL": redis.url,
            "ATRIUM_SECRET": SECRET,
            "DATABASE_URL": f"sqlite:///{tmp_path}/all.db",
        }
        worlds = [AtriumServer(tmp_path / f"world{i}", "world", **common) for i in range(2)]
        worker = AtriumServer(
            tmp_path / "worker", "worker", ATRIUM_WORKER_NAME="carrier", ATRIUM_LOG_FORMAT="json", **common
        )
        walkers: list[Walker] = []
        try:
            for each in (*worlds, worker):  # all start at the same time
                each.launch()
            for each in (*worlds, worker):
                await asyncio.to_thread(each.wait_ready)
            assert all(json.loads(line)["message"] for line in worker.lines), "not one line for people alone"
            for world in worlds:
                walker = Walker(world.url)
                walkers.append(walker)
                await walker.sign_up()
                await walker.enter((await walker.create_server())["id"])
            walkers.append(await _same_person(walkers[0], worlds[1].url))
            for boss in (walkers[0], walkers[-1]):
                seen = await look_until(boss, lambda seen: len(seen["nodes"]) == 2 and seen["workers"])
                assert [worker["name"] for worker in seen["workers"]] == ["carrier"]
                assert len(seen["servers"]) == 2
                assert [node["name"] for node in seen["nodes"]] == sorted(
                    f"{socket.gethostname()}:{world.port}" for world in worlds
                )
                assert {place["node"] for place in seen["servers"]} == {
                    node["name"] for node in seen["nodes"]
                }
        finally:
            for walker in walkers:
                await walker.close()
            for each in (*worlds, worker):
                await asyncio.to_thread(each.stop)


async def _same_person(walker: Walker, url: str) -> Walker:
    """The same account at another node."""
    again = Walker(url)
    again.username = walker.username
    await again.call("POST", "/api/auth/login", {"username": walker.username, "password": PASSWORD})
    return again


def top(data: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    keep = {k: v for k, v in os.environ.items() if not k.startswith("ATRIUM_") and k != "REDIS_URL"}
    command = [str(VENV / "bin" / "atrium"), "top", *arguments]
    own = {"ATRIUM_DATA": str(data), **settings}
    return subprocess.run(command, env=keep | own, capture_output=True, text=True, timeout=60, check=False)


def at_a_terminal(data: Path, port: int) -> str:
    """What `atrium top` writes to a terminal until somebody presses q there. It must end with 0."""
    ours, theirs = pty.openpty()
    keep = {k: v for k, v in os.environ.items() if not k.startswith("ATRIUM_") and k != "REDIS_URL"}
    process = subprocess.Popen(
        [str(VENV / "bin" / "atrium"), "top", "--seconds", "0.5"],
        env=keep | {"ATRIUM_DATA": str(data), "ATRIUM_PORT": str(port), "COLUMNS": "160", "LINES": "40"},
        stdin=theirs,
        stdout=theirs,
        stderr=subprocess.STDOUT,
    )
    os.close(theirs)
    told, pressed = b"", False
    end = time.monotonic() + 30
    try:
        while time.monotonic() < end:
            try:
                told += os.read(ours, 65536)
            except OSError:  # the other side is closed
                break
            if told.count(b"AtriumVerse") == 2 and not pressed:
                pressed = os.write(ours, b"q") == 1
        assert process.wait(10) == 0, told
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    return told.decode()


async def test_atrium_top_shows_a_running_installation_and_says_why_it_cannot(
    server: AtriumServer, data: Path, tmp_path: Path
) -> None:
    ada = await the_boss(server)
    try:
        await ada.enter((await ada.create_server())["id"])
        await look_until(ada, lambda seen: seen["totals"]["people"] == 1)  # others have left by then
        here = {"ATRIUM_PORT": str(server.port)}
        shown, told, drawn, other, missing = await asyncio.gather(  # processes take a second to start
            asyncio.to_thread(top, data, "--once", **here),
            asyncio.to_thread(top, data, "--json", "--url", server.url),
            asyncio.to_thread(at_a_terminal, data, server.port),
            asyncio.to_thread(top, data, "--once", ATRIUM_SECRET="x" * 40, **here),
            asyncio.to_thread(top, tmp_path / "nowhere", "--once"),
        )
        assert shown.returncode == 0, shown.stderr
        assert "1 people in 1 servers" in shown.stdout
        assert ada.username in shown.stdout
        assert json.loads(told.stdout)["servers"][0]["present"][0]["name"] == ada.username
        assert drawn.startswith("\x1b[?1049h\x1b[?25l")
        assert ada.username in drawn
        assert drawn.endswith("\x1b[?25h\x1b[?1049l")
        assert other.returncode == 1
        assert "another secret" in other.stderr
    finally:
        await ada.close()
    assert missing.returncode == 1
    assert "no secret" in missing.stderr
    assert not (tmp_path / "nowhere").exists()
