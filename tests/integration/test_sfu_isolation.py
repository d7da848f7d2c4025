"""Nothing crosses between rooms: counted at the sockets of scripted clients and in the forwarding table."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from signaling.control import AcceptPlay, AcceptPublish, Answer
from tests.support.media_worker import EVENTS, WorkerUnderTest, hear, running_worker
from tests.support.scripted_client import AUDIO, OPUS_FRAME, VIDEO, VP8_KEYFRAME, ScriptedClient


@pytest.fixture
async def sfu() -> AsyncIterator[WorkerUnderTest]:
    async with running_worker() as under_test:
        yield under_test


@pytest.fixture
def made() -> list[ScriptedClient]:
    return []


@pytest.fixture(autouse=True)
def closed_at_the_end(made: list[ScriptedClient]) -> object:
    yield
    for client in made:
        client.close()


async def publisher(
    sfu: WorkerUnderTest, made: list[ScriptedClient], session: str, router: str
) -> ScriptedClient:
    client = ScriptedClient()
    made.append(client)
    offer = client.offer("av", ssrcs=(1111, 2222))
    answer = await sfu.expect(AcceptPublish(session, router, EVENTS, offer, {}), Answer)
    await client.connect(answer.sdp)
    return client


async def player(
    sfu: WorkerUnderTest, made: list[ScriptedClient], session: str, router: str
) -> ScriptedClient:
    client = ScriptedClient()
    made.append(client)
    offer = client.offer("aavv", "recvonly")
    answer = await sfu.expect(AcceptPlay(session, router, EVENTS, offer), Answer)
    await client.connect(answer.sdp)
    return client


def speak(*clients: ScriptedClient) -> None:
    for client in clients:
        client.send_rtp(1111, AUDIO, OPUS_FRAME)
        client.send_rtp(2222, VIDEO, VP8_KEYFRAME)


async def settle(*clients: ScriptedClient) -> None:
    """Let everything that is on its way arrive, then look."""
    await asyncio.sleep(0.05)
    for client in clients:
        client.receive()


async def test_a_listener_that_asks_for_another_room_gets_not_one_packet(
    sfu: WorkerUnderTest, made: list[ScriptedClient]
) -> None:
    inside = await publisher(sfu, made, "inside", "s:room")
    friend = await player(sfu, made, "friend", "s:room")
    spy = await player(sfu, made, "spy", "s:public")
    wanted = [hear(0, "inside"), hear(0, "inside", "camera")]
    await sfu.routes(("friend", "s:room", wanted), ("spy", "s:public", wanted), ("inside", "s:room", []))
    for _ in range(20):
        speak(inside)
        await settle(friend, spy)
    assert sorted(friend.rtp.values()) == [20, 20]  # so the source is there to be heard
    assert not spy.rtp
    assert all(slot.packets == 0 for slot in (await sfu.stats("spy")).slots)


async def test_walking_into_a_room_ends_the_hall_and_begins_the_room_in_one_turn(
    sfu: WorkerUnderTest, made: list[ScriptedClient]
) -> None:
    hall = await publisher(sfu, made, "hall", "s:public")
    room = await publisher(sfu, made, "room", "s:room")
    walker = await player(sfu, made, "walker", "s:public")
    await sfu.routes(
        ("hall", "s:public", []), ("room", "s:room", []), ("walker", "s:public", [hear(0, "hall")])
    )
    for _ in range(5):
        speak(hall, room)
        await settle(walker)
    assert sum(walker.rtp.values()) == 5
    await sfu.routes(("walker", "s:room", [hear(1, "room")]))
    before = (await sfu.stats("walker")).slots
    speak(hall, room)
    await settle(walker)
    after = (await sfu.stats("walker")).slots
    assert after[0].packets == before[0].packets == 5  # the hall's slot
    assert after[1].packets == before[1].packets + 1  # the room's
    assert len(walker.rtp) == 2


async def test_a_speaker_who_leaves_is_not_heard_even_by_who_still_asks(
    sfu: WorkerUnderTest, made: list[ScriptedClient]
) -> None:
    speaker = await publisher(sfu, made, "speaker", "s:public")
    listener = await player(sfu, made, "listener", "s:public")
    await sfu.routes(("speaker", "s:public", []), ("listener", "s:public", [hear(0, "speaker")]))
    speak(speaker)
    await settle(listener)
    assert sum(listener.rtp.values()) == 1
    await sfu.routes(("speaker", "s:room", []))
    await sfu.routes(("listener", "s:public", [hear(0, "speaker"), hear(1, "speaker")]))
    for _ in range(10):
        speak(speaker)
        await settle(listener)
    assert sum(listener.rtp.values()) == 1


async def test_a_swap_of_rooms_in_one_batch_leaks_nothing_in_either_direction(
    sfu: WorkerUnderTest, made: list[ScriptedClient]
) -> None:
    """Whoever is first in the batch: the grant of one change never meets the revocation of the other."""
    anna = await publisher(sfu, made, "anna", "s:a")
    bert = await publisher(sfu, made, "bert", "s:b")
    ears = await player(sfu, made, "ears", "s:a")
    await sfu.routes(("anna", "s:a", []), ("bert", "s:b", []), ("ears", "s:a", [hear(0, "anna")]))
    speak(anna, bert)
    await settle(ears)
    assert (await sfu.slot("ears", "audio", 0)).packets == 1
    await sfu.routes(
        ("ears", "s:b", [hear(0, "anna"), hear(1, "bert")]), ("anna", "s:b", []), ("bert", "s:a", [])
    )
    for _ in range(5):
        speak(anna, bert)
        await settle(ears)
    # Anna has come along, Bert has left: one is heard, the other not at all.
    assert (await sfu.slot("ears", "audio", 0)).packets == 6
    assert (await sfu.slot("ears", "audio", 1)).packets == 0


async def test_equal_ssrcs_of_two_publishers_are_two_streams(
    sfu: WorkerUnderTest, made: list[ScriptedClient]
) -> None:
    one = await publisher(sfu, made, "one", "s:a")
    two = await publisher(sfu, made, "two", "s:b")
    listener = await player(sfu, made, "listener", "s:a")
    await sfu.routes(("listener", "s:a", [hear(0, "one")]))
    speak(two, two, two)
    await settle(listener)
    assert not listener.rtp
    speak(one)
    await settle(listener)
    assert sum(listener.rtp.values()) == 1
