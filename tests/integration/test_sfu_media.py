"""Media through a worker, end to end: aiortc's RTCPeerConnection as an independent client on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from signaling.control import (
    AcceptPublish,
    AcceptSlots,
    Answer,
    AudioLevels,
    ConnectionChanged,
    Failed,
    Heartbeat,
    Offer,
    OfferSlots,
    ProducerClosed,
    ProducerOpened,
)
from tests.support.media_client import MediaClient
from tests.support.media_worker import EVENTS, WorkerUnderTest, hear, running_worker, until


@pytest.fixture
async def sfu() -> AsyncIterator[WorkerUnderTest]:
    async with running_worker() as under_test:
        yield under_test


@pytest.fixture
async def clients() -> AsyncIterator[list[MediaClient]]:
    made = [MediaClient() for _ in range(4)]
    yield made
    await asyncio.gather(*(client.close() for client in made))


async def hears(client: MediaClient, mid: str, frequency: float) -> None:
    await until(
        lambda: abs(client.stream(mid).frequency - frequency) < frequency * 0.05,
        f"{frequency} Hz in {mid}; it was {client.stream(mid).frequency}",
    )


async def test_a_tone_and_a_picture_reach_a_listener_and_a_player(
    sfu: WorkerUnderTest, clients: list[MediaClient]
) -> None:
    speaker, listener, player, _ = clients
    await sfu.publish(speaker, "alice", "hall", 440.0, luma=100)
    await sfu.subscribe(listener, "lisa", "hall", audio=2, video=2)
    answer = await sfu.play(player, "screen", "hall", audio=1, video=1)
    assert (answer.audio, answer.video) == (1, 1)
    # The picture began before anybody listened: a keyframe has to be asked for.
    await sfu.routes(
        ("lisa", "hall", [hear(1, "alice"), hear(0, "alice", "camera")]),
        ("screen", "hall", [hear(0, "alice"), hear(0, "alice", "camera")]),
    )
    await hears(listener, "a1", 440.0)
    await hears(player, "0", 440.0)
    await until(lambda: listener.stream("v0").luma == 100, "the picture at the listener")
    await until(lambda: player.stream("1").luma == 100, "the picture at the player")
    assert listener.stream("a0").frames == 0
    assert listener.stream("v1").frames == 0
    assert sfu.metric("atrium_sfu_keyframe_requests_total") >= 1
    name = "atrium_sfu_listener_first_packet_seconds_count"
    await until(lambda: sfu.metric(name, kind="audio") == 2, "both waited for sound and got it")
    await until(lambda: sfu.metric(name, kind="video") == 2, "both waited for a picture and got it")
    assert sfu.metric("atrium_sfu_bytes_received_total") > 0


async def test_another_source_takes_over_a_slot_without_a_new_negotiation(
    sfu: WorkerUnderTest, clients: list[MediaClient]
) -> None:
    alice, bob, listener, _ = clients
    await sfu.subscribe(listener, "lisa", "hall", audio=1, video=1)
    await sfu.publish(alice, "alice", "hall", 440.0, luma=60)
    await sfu.publish(bob, "bob", "hall", 1000.0, luma=180)
    await sfu.routes(("lisa", "hall", [hear(0, "alice"), hear(0, "alice", "camera")]))
    await hears(listener, "a0", 440.0)
    await until(lambda: listener.stream("v0").luma == 60, "Alice's picture")
    await sfu.routes(("lisa", "hall", [hear(0, "bob"), hear(0, "bob", "camera")]))
    await hears(listener, "a0", 1000.0)
    await until(lambda: listener.stream("v0").luma == 180, "Bob's picture")
    slot = await sfu.slot("lisa", "audio", 0)
    assert (slot.source_session, slot.source, slot.active) == ("bob", "mic", True)


async def test_a_revoked_route_sends_nothing_more_and_a_prewarmed_one_nothing_yet(
    sfu: WorkerUnderTest, clients: list[MediaClient]
) -> None:
    alice, listener, *_ = clients
    await sfu.subscribe(listener, "lisa", "hall", audio=1)
    await sfu.publish(alice, "alice", "hall")
    await sfu.routes(("lisa", "hall", [hear(0, "alice")]))
    await hears(listener, "a0", 440.0)
    await sfu.routes(("lisa", "hall", [hear(0, "alice", active=False)]))
    before = await sfu.slot("lisa", "audio", 0)
    assert (before.source_session, before.active) == ("alice", False)
    await asyncio.sleep(0.2)
    assert (await sfu.slot("lisa", "audio", 0)).packets == before.packets
    assert (await sfu.stats("alice")).producers[0].packets > before.packets
    await sfu.routes(("lisa", "hall", [hear(0, "alice")]))
    count = listener.stream("a0").frames
    await until(lambda: listener.stream("a0").frames > count + 5, "audio after the pre-warm")


async def test_events_tell_of_connections_sources_and_speech(
    sfu: WorkerUnderTest, clients: list[MediaClient]
) -> None:
    alice = clients[0]
    await sfu.publish(alice, "alice", "hall")
    await until(lambda: bool(sfu.told(ProducerOpened)), "the source is told")
    await until(lambda: bool(sfu.told(AudioLevels)), "the speech is told")
    assert sfu.told(ConnectionChanged) == [ConnectionChanged("alice", "publish", "connected", "w1")]
    assert sfu.told(ProducerOpened) == [ProducerOpened("alice", "mic", "w1")]
    speech = sfu.told(AudioLevels)[0]
    assert speech == AudioLevels("hall", ("alice",), "w1", speech.levels)
    assert 0 <= speech.levels[0] < 35
    await alice.close()
    await until(lambda: len(sfu.told(ConnectionChanged)) == 2, "the end is told")
    assert sfu.told(ProducerClosed) == [ProducerClosed("alice", "mic", "w1")]
    assert sfu.told(ConnectionChanged)[1] == ConnectionChanged("alice", "publish", "closed", "w1")
    assert not sfu.worker.media.sessions


async def test_a_heartbeat_says_who_is_alive_and_on_which_plane(sfu: WorkerUnderTest) -> None:
    await until(lambda: bool(sfu.told(Heartbeat)), "a heartbeat")
    beat = sfu.told(Heartbeat)[0]
    assert (beat.worker, beat.plane, beat.sessions) == ("w1", "python", 0)
    assert 0.0 <= beat.load <= 1.0


async def test_offering_again_replaces_the_connection_and_the_listeners_keep_hearing(
    sfu: WorkerUnderTest, clients: list[MediaClient]
) -> None:
    first, second, listener, again = clients
    await sfu.subscribe(listener, "lisa", "hall", audio=1)
    await sfu.publish(first, "alice", "hall", 440.0)
    await sfu.routes(("lisa", "hall", [hear(0, "alice")]))
    await hears(listener, "a0", 440.0)
    await sfu.publish(second, "alice", "hall", 1000.0)
    await hears(listener, "a0", 1000.0)
    await sfu.subscribe(again, "lisa", "hall", audio=1)
    await hears(again, "a0", 1000.0)
    assert len(sfu.worker.media.producers) == 1
    assert len(sfu.worker.media.slots) == 1
    await until(lambda: first.connection.connectionState == "closed", "the old connection ends")


async def test_a_bad_offer_leaves_the_running_connection_alone(
    sfu: WorkerUnderTest, clients: list[MediaClient]
) -> None:
    alice, listener, *_ = clients
    await sfu.subscribe(listener, "lisa", "hall", audio=1)
    await sfu.publish(alice, "alice", "hall")
    await sfu.routes(("lisa", "hall", [hear(0, "alice")]))
    await hears(listener, "a0", 440.0)
    peers = len(sfu.worker.media.endpoint.ice.addresses(1)), len(sfu.worker.media.sessions)
    reply = await sfu.ask(AcceptPublish("alice", "hall", EVENTS, "v=0\r\ngarbage", {}))
    assert isinstance(reply, Failed)
    assert (reply.code, "line 2" in reply.message) == ("bad_sdp", True)
    assert isinstance(await sfu.ask(AcceptPublish("new", "hall", EVENTS, "", {})), Failed)
    count = listener.stream("a0").frames
    await until(lambda: listener.stream("a0").frames > count + 10, "audio goes on")
    assert (len(sfu.worker.media.endpoint.ice.addresses(1)), len(sfu.worker.media.sessions)) == peers


async def test_a_session_that_is_closed_is_gone_at_once(
    sfu: WorkerUnderTest, clients: list[MediaClient]
) -> None:
    alice, listener, *_ = clients
    await sfu.subscribe(listener, "lisa", "hall", audio=1)
    await sfu.publish(alice, "alice", "hall")
    await sfu.routes(("lisa", "hall", [hear(0, "alice")]))
    await hears(listener, "a0", 440.0)
    await sfu.close_session("alice")
    assert set(sfu.worker.media.sessions) == {"lisa"}
    slot = await sfu.slot("lisa", "audio", 0)
    assert slot.source is None
    await until(lambda: alice.connection.connectionState == "closed", "the client is told")
    await sfu.close_session("nobody")


async def test_a_listener_that_leaves_while_it_is_fed_costs_the_others_nothing(
    sfu: WorkerUnderTest, clients: list[MediaClient], caplog: pytest.LogCaptureFixture
) -> None:
    alice, leaver, stayer, _ = clients
    await sfu.subscribe(leaver, "leaver", "hall", audio=1)
    await sfu.subscribe(stayer, "stayer", "hall", audio=1)
    await sfu.publish(alice, "alice", "hall")
    await sfu.routes(("leaver", "hall", [hear(0, "alice")]), ("stayer", "hall", [hear(0, "alice")]))
    await hears(leaver, "a0", 440.0)
    await leaver.close()
    await until(
        lambda: ConnectionChanged("leaver", "subscribe", "closed", "w1") in sfu.events, "the leaving is told"
    )
    count = stayer.stream("a0").frames
    await until(lambda: stayer.stream("a0").frames > count + 5, "audio for who stays")
    assert set(sfu.worker.media.sessions) == {"alice", "stayer"}
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


async def test_an_answer_without_an_offer_and_a_second_answer_are_refused(
    sfu: WorkerUnderTest, clients: list[MediaClient]
) -> None:
    reply = await sfu.ask(AcceptSlots("nobody", "v=0\r\n"))
    assert isinstance(reply, Failed)
    assert reply.code == "unknown_session"
    listener = clients[0]
    offer = await sfu.expect(OfferSlots("lisa", "hall", EVENTS, 1, 0), Offer)
    answer = await listener.answer(offer.sdp)
    bad = await sfu.ask(AcceptSlots("lisa", answer.replace("m=audio", "m=video")))
    assert isinstance(bad, Failed)
    await sfu.ask(AcceptSlots("lisa", answer))
    again = await sfu.ask(AcceptSlots("lisa", answer))
    assert isinstance(again, Failed)
    await listener.connected()


async def test_a_full_worker_says_so(clients: list[MediaClient]) -> None:
    async with running_worker(max_sessions=1) as small:
        await small.publish(clients[0], "alice", "hall")
        offer = await clients[1].offer_publish()
        reply = await small.ask(AcceptPublish("bob", "hall", EVENTS, offer, {}))
        assert isinstance(reply, Failed)
        assert reply.code == "worker_full"
        again = await clients[2].offer_publish()
        assert isinstance(await small.ask(AcceptPublish("alice", "hall", EVENTS, again, {})), Answer)
