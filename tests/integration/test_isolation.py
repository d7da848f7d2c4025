"""Nothing crosses a private room's walls, counted packet by packet at the listeners' own sockets.

The whole product runs in a process of its own; the clients are scripted, so they can lie.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

import pytest

from tests.support.atrium_server import AtriumServer
from tests.support.lag import watched_lag
from tests.support.media_client import MediaClient
from tests.support.walker import Walker

# From the Office's spawns along the free lane of the Hall to the door of Room_1: below it, and inside.
TO_THE_DOOR = ((465.0, 560.0), (192.0, 560.0))
HALL = (192.0, 360.0)
INSIDE = (192.0, 216.0)
FAR_INSIDE = (100.0, 200.0)
# One tick of the world and the way to the client; afterwards nothing may come, but for what a process (this
# one, and the server's likewise) is late.
ONE_TICK = 0.1


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AtriumServer]:
    with AtriumServer(tmp_path_factory.mktemp("atrium")) as running:
        yield running


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as exits:
        yield exits


async def walkers(
    server: AtriumServer, stack: AsyncExitStack, count: int
) -> tuple[list[Walker], dict[str, str]]:
    """So many members of a new Office, and the ids of its zones."""
    people = []
    for _ in range(count):
        walker = Walker(server.url)
        stack.push_async_callback(walker.close)
        people.append(await walker.sign_up())
    home = await people[0].create_server()
    zones = {zone["name"]: zone["id"] for zone in home["zones"]}
    for walker in people:
        await walker.enter(home["id"])
    return people, zones


async def test_from_one_tick_after_the_crossing_no_packet_crosses(
    server: AtriumServer, stack: AsyncExitStack
) -> None:
    (ada, bob, cleo), zones = await walkers(server, stack, 3)
    room = zones["Room_1"]
    await asyncio.gather(ada.start_media(440), bob.start_media(700), cleo.start_media(1000))
    await cleo.walk(*TO_THE_DOOR, INSIDE, FAR_INSIDE)
    await asyncio.gather(ada.walk(*TO_THE_DOOR, HALL), bob.walk(*TO_THE_DOOR, (192, 340)))
    await asyncio.gather(ada.hears(), bob.hears())
    await cleo.hears_nothing()
    lag = await stack.enter_async_context(watched_lag())

    async def crossing(witness: Walker, zone: str | None) -> float:
        seen = await witness.until(
            "zone_changed", lambda m: m["user_id"] == ada.id and m["zone_id"] == zone, since=since
        )
        return float(seen["at"])

    since = len(bob.messages)
    into = asyncio.create_task(crossing(bob, room))
    await ada.walk((192, 300), INSIDE)
    entered = await into
    await asyncio.sleep(1.0 + 2 * lag.longest)
    # Bob is alone in the Hall: between the crossing and now nothing may have reached him.
    assert bob.packets(entered - 2.0, entered) > 0
    assert bob.packets(entered + ONE_TICK + 2 * lag.longest) == 0
    # Ada hears the room, Cleo at its far end, and only the room.
    await asyncio.gather(ada.hears_exactly(1000), cleo.hears_exactly(440))

    since = len(cleo.messages)
    out = asyncio.create_task(crossing(cleo, zones["Hall"]))
    await ada.walk((192, 300), HALL)
    left = await out
    await asyncio.sleep(1.0 + 2 * lag.longest)
    assert cleo.packets(left + ONE_TICK + 2 * lag.longest) == 0
    await asyncio.gather(ada.hears_exactly(700), bob.hears_exactly(440))


async def test_a_client_that_lies_receives_nothing_and_is_told_why(
    server: AtriumServer, stack: AsyncExitStack
) -> None:
    (ada, bob, liar), zones = await walkers(server, stack, 3)
    room = zones["Room_1"]
    await asyncio.gather(ada.start_media(440), bob.start_media(700), liar.start_media(1000))
    for walker in (ada, bob):
        await walker.walk(*TO_THE_DOOR, INSIDE)
    await ada.hears()
    await liar.walk(*TO_THE_DOOR, HALL)
    began = asyncio.get_running_loop().time()

    since = len(liar.messages)
    await liar.send(type="zone_entered", zone_id=room)
    refused = await liar.until("error", since=since)
    assert refused["code"] == "zone_mismatch"

    since = len(liar.messages)
    await liar.send(type="zone_entry", zone_id=room)
    assert (await liar.until("error", since=since))["code"] == "zone_mismatch"

    since = len(liar.messages)
    await liar.send(type="pin", user_id=ada.id)
    assert (await liar.until("error", since=since))["code"] == "out_of_hearing"

    # A teleport, a step through the wall beside the door, and places that are none.
    for x, y in ((192.0, 150.0), (110.0, 250.0), (-5.0, -5.0), (1e5, 1e5)):
        since = len(liar.messages)
        move = await liar.step(x, y)
        back = await liar.until("moved_back", lambda m, move=move: m["seq"] == move, since=since)  # type: ignore[misc]
        assert back["y"] > 256, "the liar was let into the room"

    since = len(liar.messages)
    for wrong in (
        "no json",
        '{"type": "subscribe", "session": "x", "router": "' + room + '"}',
        '{"type": "player_move", "x": NaN, "y": 1, "direction": "up", "seq": 1}',
        '{"type": "media_answer", "sdp": "v=0\\r\\ngarbage"}',
    ):
        await liar.send_raw(wrong)
    async with asyncio.timeout(20):
        while sum(m["type"] == "error" for m in liar.messages[since:]) < 4:
            await asyncio.sleep(0.02)

    await asyncio.sleep(0.5)
    assert liar.packets(began) == 0
    assert ada.packets(began) > 20, "the room itself went on"


async def test_a_ticket_for_the_hall_opens_no_room(server: AtriumServer, stack: AsyncExitStack) -> None:
    (ada,), zones = await walkers(server, stack, 1)
    ticket = await ada.call("POST", f"/api/zones/{zones['Hall']}/ticket", {"publish": True, "play": True})
    offer = await ada.publish.offer_play()
    headers = {"Authorization": f"Bearer {ticket['ticket']}", "Content-Type": "application/sdp"}
    async with ada.http.post(f"/whep/{zones['Room_1']}", data=offer, headers=headers) as answer:
        assert answer.status in (401, 403)
        assert "ticket" in (await answer.json())["error"]["message"]
    async with ada.http.post(
        f"/whep/{zones['Hall']}", data=offer, headers={"Content-Type": "application/sdp"}
    ) as answer:
        assert answer.status == 401


async def test_a_whip_publisher_and_a_whep_player_exchange_media_in_a_room(
    server: AtriumServer, stack: AsyncExitStack
) -> None:
    (ada, bob), zones = await walkers(server, stack, 2)
    await ada.start_media(440)
    await ada.walk(*TO_THE_DOOR, INSIDE)
    await bob.start_media(700)
    ticket = await ada.call("POST", f"/api/zones/{zones['Room_1']}/ticket", {"publish": True, "play": True})
    headers = {"Authorization": f"Bearer {ticket['ticket']}", "Content-Type": "application/sdp"}
    resources = []

    async def post(client: MediaClient, path: str, offer: str) -> None:
        async with ada.http.post(f"/{path}/{zones['Room_1']}", data=offer, headers=headers) as answer:
            assert answer.status == 201, await answer.text()
            resources.append(answer.headers["Location"])
            await client.take_answer(await answer.text())
        await client.connected()

    camera, screen = MediaClient(), MediaClient()
    stack.push_async_callback(camera.close)
    stack.push_async_callback(screen.close)
    await post(camera, "whip", await camera.offer_publish(1000, luma=200))
    await post(screen, "whep", await screen.offer_play(audio=2, video=1))

    async with asyncio.timeout(30):
        while not any(
            s.kind == "video" and s.frames > 5 and abs(s.luma - 200) < 12 for s in screen.received.values()
        ):
            await asyncio.sleep(0.05)
        while {round(s.frequency, -1) for s in screen.received.values() if s.kind == "audio"} - {0} != {
            440,
            1000,
        }:
            await asyncio.sleep(0.05)
    await ada.hears_exactly(1000)
    seen = [p["presence"] for m in ada.messages if m["type"] == "players" for p in m.get("joined", ())]
    assert seen.count("device") == 2
    assert bob.arrivals == [], "the Hall hears the room's devices"

    for resource in resources:
        async with ada.http.delete(resource, headers=headers) as answer:
            assert answer.status == 200
    await ada.hears_nothing()
