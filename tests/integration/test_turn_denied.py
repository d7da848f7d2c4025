"""What a real coturn with our configuration relays to, and what it never does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from aioice import turn

from signaling.tickets import turn_credentials
from tests.support.turn_server import TurnServer
from web.doctor.turn_client import TurnError, try_turn

SECRET = "a secret that only the world and coturn know"
INSIDE = [
    "127.0.0.1",
    "127.8.8.8",
    "10.0.0.1",
    "10.255.255.254",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",  # what clouds tell their machines, credentials too
    "100.64.0.1",
    "0.0.0.0",
]


@pytest.fixture(scope="module")
def relay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TurnServer]:
    with TurnServer(SECRET, tmp_path_factory.mktemp("turn")) as server:
        yield server


async def relay_to(relay: TurnServer, peer: str, transport: str = "udp") -> tuple[str, int]:
    username, credential = turn_credentials(SECRET, "ada", 60, time.time())
    url = f"turn:127.0.0.1:{relay.port}?transport={transport}"
    return await try_turn(url, username, credential, (peer, 40000))


@pytest.mark.parametrize("peer", INSIDE)
async def test_nothing_inside_is_reached_through_the_relay(relay: TurnServer, peer: str) -> None:
    with pytest.raises(TurnError) as refused:
        await relay_to(relay, peer)
    assert refused.value.code == 403


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_public_address_is(relay: TurnServer, transport: str) -> None:
    # Asked for permission only: nothing is sent there (RFC 5737).
    assert (await relay_to(relay, "203.0.113.5", transport))[0] == "127.0.0.1"


async def test_one_user_cannot_take_all_allocations(tmp_path: Path) -> None:
    with TurnServer(SECRET, tmp_path, "--user-quota=1") as server:
        username, credential = turn_credentials(SECRET, "ada", 60, time.time())
        url = f"turn:127.0.0.1:{server.port}"
        held, _ = await turn.create_turn_endpoint(
            asyncio.DatagramProtocol,
            server_addr=("127.0.0.1", server.port),
            username=username,
            password=credential,
        )
        try:
            with pytest.raises(TurnError) as refused:
                await try_turn(url, username, credential)
            assert refused.value.code == 486
        finally:
            held.close()
            await asyncio.sleep(0.1)
