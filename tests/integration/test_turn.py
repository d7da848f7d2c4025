"""The TURN credentials that the world hands out are those that a real coturn takes."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
from aioice import turn
from aioice.stun import TransactionFailed

from signaling.tickets import turn_credentials
from tests.support.turn_server import TurnServer

SECRET = "a secret that only the world and coturn know"


async def allocate(server: TurnServer, username: str, credential: str) -> turn.TurnTransport:
    async with asyncio.timeout(30):
        transport, _ = await turn.create_turn_endpoint(
            asyncio.DatagramProtocol,
            server_addr=("127.0.0.1", server.port),
            username=username,
            password=credential,
        )
    return transport


async def test_our_credentials_get_an_allocation(tmp_path: Path) -> None:
    with TurnServer(SECRET, tmp_path) as server:
        transport = await allocate(server, *turn_credentials(SECRET, "ada", 60, time.time()))
        assert transport.get_extra_info("sockname")
        transport.close()
        await asyncio.sleep(0.1)


@pytest.mark.parametrize(
    ("secret", "ttl"), [("another secret", 60), (SECRET, -60)], ids=["another secret", "expired"]
)
async def test_forged_and_expired_credentials_get_none(tmp_path: Path, secret: str, ttl: float) -> None:
    with TurnServer(SECRET, tmp_path) as server:
        with pytest.raises(TransactionFailed):
            await allocate(server, *turn_credentials(secret, "ada", ttl, time.time()))
        await asyncio.sleep(0.1)
