"""Connections that say half a sentence and wait are let go, and whoever else comes is served."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import ClientSession, web

from web.compose import IDLE_SECONDS, http_runner
from world.api import body
from world.api.body import read_json
from world.api.errors import error_middleware
from world.api.shapes import LogIn


async def login(request: web.Request) -> web.Response:
    await read_json(request, LogIn)
    return web.Response(text="in")


async def serve(idle: float) -> tuple[web.AppRunner, int]:
    app = web.Application(middlewares=[error_middleware])
    app.router.add_post("/api/auth/login", login)
    runner = http_runner(app, idle)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    return runner, runner.addresses[0][1]


@pytest.mark.parametrize("said", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\nX-A: "])
async def test_a_connection_without_a_whole_request_is_closed(said: bytes) -> None:
    assert IDLE_SECONDS <= 60
    runner, port = await serve(0.3)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(said)
    assert await asyncio.wait_for(reader.read(), 5) == b""
    writer.close()
    await runner.cleanup()


async def test_a_body_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "BODY_SECONDS", 0.2)
    runner, port = await serve(30)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        b"POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        b"Content-Length: 100\r\n\r\n{"
    )
    assert b" 408 " in await asyncio.wait_for(reader.readline(), 5)
    writer.close()
    async with ClientSession() as http:
        sent = {"username": "ada", "password": "correct horse"}
        async with http.post(f"http://127.0.0.1:{port}/api/auth/login", json=sent) as answer:
            assert answer.status == 200
    await runner.cleanup()
