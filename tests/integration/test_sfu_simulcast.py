"""Simulcast from a device (WHIP) to a player (WHEP): neither is told anything, the player gets the best."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from signaling.control import AcceptPlay, AcceptPublish, Answer, GetStats, SessionStats, Stats
from tests.support.media_worker import EVENTS, WorkerUnderTest, hear, running_worker
from tests.support.scripted_client import VIDEO, VP8_KEYFRAME, ScriptedClient

MID, RID = 1, 2
# As some encoders have it: best first, with names that say nothing. RID, SSRC and bytes of a picture.
LAYERS = (("0", 5000, 900), ("1", 5001, 300), ("2", 5002, 80))


@dataclass
class Broadcast:
    sfu: WorkerUnderTest
    device: ScriptedClient
    player: ScriptedClient

    async def run(self, seconds: float, layers: tuple[tuple[str, int, int], ...] = LAYERS) -> int:
        """Send keyframes of these layers, twenty a second; how many packets the player gets."""
        before = sum(self.player.rtp.values())
        for _ in range(round(seconds * 20)):
            for rid, ssrc, size in layers:
                self.device.send_rtp(ssrc, VIDEO, VP8_KEYFRAME + bytes(size), (MID, "0"), (RID, rid))
            await asyncio.sleep(0.05)
            self.device.receive()
            self.player.receive()
        return sum(self.player.rtp.values()) - before

    async def stats(self, session: str) -> SessionStats:
        (stats,) = (await self.sfu.expect(GetStats(session), Stats)).sessions
        return stats

    async def played(self) -> str:
        """Which layer the player gets."""
        return (await self.stats("player")).slots[0].rid


@pytest.fixture
async def broadcast() -> AsyncIterator[Broadcast]:
    async with running_worker() as sfu:
        device, player = ScriptedClient(), ScriptedClient()
        offer = device.offer("v", mid=MID) + "\r\n".join(
            [
                f"a=extmap:{RID} urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
                *(f"a=rid:{rid} send" for rid, _, _ in LAYERS),
                "a=simulcast:send 0;1;2",
                "",
            ]
        )
        answer = await sfu.expect(AcceptPublish("device", "hall", EVENTS, offer, {}), Answer)
        assert "a=simulcast:recv 0;1;2" in answer.sdp
        await device.connect(answer.sdp)
        played = await sfu.expect(AcceptPlay("player", "hall", EVENTS, player.offer("v", "recvonly")), Answer)
        await player.connect(played.sdp)
        await sfu.routes(("player", "hall", [hear(0, "device", "camera")]))
        yield Broadcast(sfu, device, player)
        device.close()
        player.close()


async def test_a_player_gets_the_best_layer_however_they_are_listed(broadcast: Broadcast) -> None:
    await broadcast.run(1.6)
    (source,) = (await broadcast.stats("device")).producers
    assert [layer.rid for layer in source.layers] == ["2", "1", "0"]
    assert all(layer.flows and layer.packets for layer in source.layers)
    assert await broadcast.played() == "0"
    assert await broadcast.run(0.5) >= 5
    for layer in range(3):
        assert broadcast.sfu.metric("atrium_sfu_layers", layer=str(layer)) == 1
    assert broadcast.sfu.metric("atrium_sfu_layers_watched", layer="2") == 1


async def test_when_the_best_layer_stops_the_player_sees_the_next(broadcast: Broadcast) -> None:
    await broadcast.run(1.6)
    assert await broadcast.run(1.6, LAYERS[1:]) >= 5
    assert await broadcast.played() == "1"
    await broadcast.run(1.0)
    assert await broadcast.played() == "0"
