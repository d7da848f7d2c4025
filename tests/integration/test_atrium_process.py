"""`atrium` as its operator runs it: started, used, ended, and in two halves over Redis."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, ClientWebSocketResponse, CookieJar

from signaling import messages as m
from signaling.codec import decode_server, encode
from tests.support.atrium_server import AtriumServer
from tests.support.redis_server import RedisServer

SECRET = "one secret for every process of this test"


@asynccontextmanager
async def browser() -> AsyncIterator[ClientSession]:
    # The jar would drop cookies of an address that is no name.
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as session:
        yield session


async def post(session: ClientSession, url: str, body: object, status: int = 201) -> Any:
    async with session.post(url, json=body) as response:
        text = await response.text()
        assert response.status == status, text
        return await response.json()


async def hear(ws: ClientWebSocketResponse, kind: type[m.Message]) -> Any:
    """The next message of this kind."""
    async with asyncio.timeout(30):
        while True:
            message = decode_server(await ws.receive_str())
            if isinstance(message, kind):
                return message


async def enter(session: ClientSession, url: str, server_id: str) -> ClientWebSocketResponse:
    ws = await session.ws_connect(f"{url}/ws/{server_id}")
    await ws.send_bytes(encode(m.Join()))
    return ws


async def ready(session: ClientSession, url: str) -> dict[str, Any]:
    """What `/readyz` says once it says that everything is; or after 10 s."""
    end = time.monotonic() + 10
    while True:
        async with session.get(f"{url}/readyz") as response:
            answer: dict[str, Any] = await response.json()
        if answer["ready"] or time.monotonic() > end:
            return answer
        await asyncio.sleep(0.1)


async def test_one_process_serves_a_world_ends_cleanly_and_remembers_everything(tmp_path: Path) -> None:
    server, again_up = AtriumServer(tmp_path / "data"), AtriumServer(tmp_path / "data")
    await asyncio.to_thread(server.start)
    try:
        assert f"AtriumVerse is ready: {server.url}" in server.lines
        async with browser() as ada:
            assert (await ready(ada, server.url))["checks"] == {"database": True, "worker": True}
            await post(ada, f"{server.url}/api/auth/signup", {"username": "ada", "password": "correct horse"})
            async with ada.get(f"{server.url}/api/maps") as response:
                assert {"office", "park"} <= {one["name"] for one in (await response.json())["maps"]}
            made = await post(ada, f"{server.url}/api/servers", {"name": "Guild", "map": "office"})
            assert [zone["name"] for zone in made["zones"]] == ["Room_1", "Room_2", "Room_3", "Hall"]
            ws = await enter(ada, server.url, made["id"])
            welcome = await hear(ws, m.Welcome)
            assert (welcome.you.name, welcome.you.role, welcome.server.name) == ("ada", "owner", "Guild")
            assert {zone.meeting_id for zone in welcome.zones} == {
                zone["meeting_id"] for zone in made["zones"]
            }
            async with ada.get(f"{server.url}{welcome.map.url}") as response:
                assert (await response.json(content_type=None))["type"] == "map"
            async with ada.get(f"{server.url}/api/servers") as response:
                assert (await response.json())["servers"][0]["online"] == 1
            async with browser() as grace:
                link = f"{server.url}/api/meetings/{made['zones'][0]['meeting_id']}"
                seat = await post(grace, f"{link}/join", {"name": "Grace"}, 200)
                guest = await grace.ws_connect(server.url + seat["ws"])
                await guest.send_bytes(encode(m.Join(ticket=seat["ticket"])))
                seated = await hear(guest, m.Welcome)
                assert (seated.you.presence, seated.you.zone_id) == ("guest", made["zones"][0]["id"])
                async with grace.get(link) as response:
                    assert (await response.json())["people"] == 1
                await guest.close()

            started = time.monotonic()
            ending = asyncio.create_task(asyncio.to_thread(server.stop))
            closing = await hear(ws, m.Closing)
            await ws.close()
            await ending
            assert closing.code == "restarting"
            assert closing.retry_ms is not None
            assert time.monotonic() - started < 10  # nothing was waited for in vain
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
                probe.bind(("127.0.0.1", server.media_port))

            # The same cookie, the same server, after a restart on the same data (on another port).
            await asyncio.to_thread(again_up.start)
            back = await enter(ada, again_up.url, made["id"])
            again = await hear(back, m.Welcome)
            assert again.you.user_id == welcome.you.user_id
            assert (again.you.x, again.you.y) == (welcome.you.x, welcome.you.y)
            async with ada.post(f"{again_up.url}/api/auth/logout", json={}) as response:
                assert response.status == 200
            assert (await hear(back, m.Closing)).code == "logged_out"
    finally:
        await asyncio.to_thread(server.stop, False)
        await asyncio.to_thread(again_up.stop, False)
    log = "\n".join(server.lines + again_up.lines)
    assert "Traceback" not in log
    assert made["zones"][0]["meeting_id"] not in log


async def test_world_and_worker_meet_on_redis_and_live_through_its_absence(tmp_path: Path) -> None:
    with RedisServer() as redis:
        common = {"REDIS_URL": redis.url, "ATRIUM_SECRET": SECRET}
        world = AtriumServer(tmp_path / "world", "world", **common)
        worker = AtriumServer(tmp_path / "worker", "worker", **common)
        try:
            await asyncio.gather(asyncio.to_thread(world.start), asyncio.to_thread(worker.start))
            async with browser() as ada:
                everything = {"database": True, "bus": True, "worker": True}
                assert (await ready(ada, world.url))["checks"] == everything
                assert (await ready(ada, worker.url))["checks"] == {"bus": True}
                signup = {"username": "ada", "password": "correct horse"}
                await post(ada, f"{world.url}/api/auth/signup", signup)
                made = await post(ada, f"{world.url}/api/servers", {"name": "Guild", "map": "office"})
                ws = await enter(ada, world.url, made["id"])
                await hear(ws, m.Welcome)

                redis.kill()
                async with ada.get(f"{world.url}/healthz") as response:
                    assert response.status == 200
                async with ada.get(f"{world.url}/readyz") as response:
                    assert response.status == 503
                    assert (await response.json())["checks"]["bus"] is False
                await ws.send_bytes(encode(m.Ping(7.0)))
                assert (await hear(ws, m.Pong)).at == 7.0
                redis.start()
                assert (await ready(ada, world.url))["checks"] == everything
                await ws.close()
        finally:
            await asyncio.to_thread(world.stop)
            await asyncio.to_thread(worker.stop)
