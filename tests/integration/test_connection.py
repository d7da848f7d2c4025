"""The world's own WebSocket on real sockets: what aiohttp's client and raw bytes make of it."""

from __future__ import annotations

import asyncio
import base64
import json
import socket

import aiohttp
import pytest

from signaling import messages as m
from signaling.codec import encode
from tests.support.tiny_world import SERVER, TinyWorld, until
from world.clients.client import SOFT_BYTES
from world.clients.connection import Connection
from world.clients.websocket import CLOSE, PING, PONG, TEXT, unmask


def masked(opcode: int, payload: bytes) -> bytes:
    """A short frame as a client sends it."""
    mask = b"\x01\x02\x03\x04"
    return bytes((0x80 | opcode, 0x80 | len(payload))) + mask + unmask(mask, payload)


class Raw:
    """A client that is only a socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def upgrade(cls, tiny: TinyWorld, user: str, behind: bytes = b"", buffer: int = 2**20) -> Raw:
        """An upgraded connection. `behind` is sent at once; little more than `buffer` is read ahead."""
        host, port = tiny.url.removeprefix("http://").removesuffix("/ws").split(":")
        plain = socket.socket()
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        plain.connect((host, int(port)))
        reader, writer = await asyncio.open_connection(sock=plain, limit=buffer)
        key = base64.b64encode(b"0123456789abcdef").decode()
        writer.write(
            f"GET /ws/{SERVER}?user={user} HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\n"
            f"Connection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {key}\r\n\r\n".encode()
        )
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 3)
        assert head.startswith(b"HTTP/1.1 101 ")
        writer.write(behind)
        return cls(reader, writer)

    async def frame(self) -> tuple[int, bytes]:
        """The next frame of the server."""
        first, second = await asyncio.wait_for(self.reader.readexactly(2), 3)
        assert not second & 0x80, "a server does not mask"
        size = second
        if second >= 126:
            size = int.from_bytes(await self.reader.readexactly(2 if second == 126 else 8), "big")
        return first & 0x0F, await self.reader.readexactly(size)

    async def until(self, *kinds: int) -> tuple[int, bytes]:
        """The next frame that is none of the ticks in between."""
        while True:
            kind, payload = await self.frame()
            if kind in kinds and b'"players"' not in payload[:20]:
                return kind, payload

    async def ended(self) -> bool:
        """Whether the server ends the connection."""
        try:
            return await asyncio.wait_for(self.reader.read(), 4) is not None
        except ConnectionError:
            return True
        finally:
            self.writer.close()


async def test_what_is_said_right_behind_the_join_is_heard_in_order() -> None:
    async with TinyWorld() as tiny:
        pings = b"".join(masked(TEXT, encode(m.Ping(at))) for at in range(30))
        raw = await Raw.upgrade(tiny, "ann", behind=masked(TEXT, encode(m.Join())) + pings)
        told = [json.loads((await raw.until(TEXT))[1]) for _ in range(31)]
        assert [message["type"] for message in told] == ["welcome", *["pong"] * 30]
        assert [message["at"] for message in told[1:]] == list(range(30))
        raw.writer.close()


async def test_a_message_in_parts_with_a_ping_in_between_is_taken() -> None:
    async with TinyWorld() as tiny:
        raw = await Raw.upgrade(tiny, "ann", behind=masked(TEXT, encode(m.Join())))
        assert (await raw.frame())[0] == TEXT
        text = encode(m.Ping(7))
        first, rest = masked(TEXT, text[:5]), masked(0, text[5:])
        raw.writer.write(bytes((first[0] & 0x7F,)) + first[1:] + masked(PING, b"there?") + rest)
        assert await raw.until(PONG, TEXT) == (PONG, b"there?")
        assert json.loads((await raw.until(TEXT))[1]) == {"type": "pong", "at": 7}
        raw.writer.close()


async def test_a_close_is_answered_and_the_seat_is_free() -> None:
    async with TinyWorld(grace=0.0) as tiny:
        raw = await Raw.upgrade(tiny, "ann", behind=masked(TEXT, encode(m.Join())))
        await raw.frame()
        raw.writer.write(masked(CLOSE, (4001).to_bytes(2, "big")))
        assert await raw.until(CLOSE) == (CLOSE, (4001).to_bytes(2, "big"))
        assert await raw.ended()
        live = tiny.world.spaces.get(SERVER)
        assert live is not None
        await until(lambda: not live.space.players, "the empty seat")


async def test_a_frame_that_the_protocol_forbids_ends_its_own_connection() -> None:
    async with TinyWorld() as tiny:
        bob = await tiny.join("bob")
        raw = await Raw.upgrade(tiny, "ann", behind=masked(TEXT, encode(m.Join())) + b"\x81\x02{}")
        assert await raw.until(CLOSE) == (CLOSE, (1002).to_bytes(2, "big"))
        assert await raw.ended()
        await bob.sync()


async def test_a_socket_that_falls_silent_is_asked_and_then_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("world.clients.connection.LOOK_SECONDS", 0.05)
    async with TinyWorld(grace=0.0) as tiny:
        ann = await tiny.join("ann")  # aiohttp answers pings
        raw = await Raw.upgrade(tiny, "bob", behind=masked(TEXT, encode(m.Join())))
        assert await raw.until(PING) == (PING, b"")
        assert await raw.ended()
        await ann.expect(m.Players, lambda players: "bob" in players.left)
        await ann.sync()


async def test_requests_that_are_no_upgrade_are_told_so_and_the_connection_lives() -> None:
    wrong = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "12"}
    async with TinyWorld() as tiny, aiohttp.ClientSession() as http:
        for headers in ({}, {"Upgrade": "h2c", "Connection": "Upgrade"}, wrong):
            async with http.get(f"{tiny.url}/{SERVER}?user=ann", headers=headers) as answer:
                assert answer.status == 426
                assert (await answer.json())["error"]["code"] == "websocket_only"


async def test_a_client_that_stops_reading_is_let_go_with_the_reason_and_bounds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("world.running.telling.LAG_SECONDS", 0.3)
    monkeypatch.setattr("world.clients.connection.CUT_SECONDS", 0.2)
    async with TinyWorld() as tiny:
        ann = await tiny.join("ann", (600, 700))
        raw = await Raw.upgrade(tiny, "bob", behind=masked(TEXT, encode(m.Join())), buffer=4096)
        await raw.frame()
        live = tiny.world.spaces.get(SERVER)
        assert live is not None
        slow = next(client for player, client in live.clients.items() if player.user_id == "bob")
        outlet = slow.outlet
        assert isinstance(outlet, Connection)
        outlet._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        # More than the sockets take, as a crowd would write it.
        while outlet.pending() <= 3 * SOFT_BYTES:
            slow.send(m.Speaking(["x" * 60] * 100))
        waits = outlet.pending()
        x = 600.0
        while not slow.closed:
            x = 601.0 if x == 600.0 else 600.0
            await ann.step(x, 700)
            await asyncio.sleep(0.05)
            assert outlet.pending() < waits + 1024, "ticks wait for a client that lags"
        assert slow.closed_code == "slow"
        await ann.expect(m.Players, lambda players: "bob" in players.left)
        assert outlet._transport.is_closing()
        raw.writer.close()


async def test_connections_that_have_ended_are_not_counted_any_more() -> None:
    async with TinyWorld() as tiny:
        for user in ("ann", "bob"):
            avatar = await tiny.join(user)
            await avatar.leave()
        server = tiny._runner.server
        assert server is not None
        await until(lambda: not server.connections, "no connection")


@pytest.mark.parametrize("frame", [masked(PING, b""), masked(TEXT, b"")], ids=["pings", "empty messages"])
async def test_who_floods_a_socket_with_short_frames_is_put_out(frame: bytes) -> None:
    async with TinyWorld() as tiny:
        raw = await Raw.upgrade(tiny, "ada", masked(TEXT, encode(m.Join())))
        await raw.until(TEXT)  # welcome
        raw.writer.write(frame * 40_000)
        assert await raw.ended()
