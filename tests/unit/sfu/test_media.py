"""The media server without a network: what its tables hold, and what time does to them."""

from __future__ import annotations

from itertools import pairwise

import pytest

from sfu.congestion.allocator import PATIENCE_SECONDS
from sfu.downlink.bandwidth import AUDIO_BITRATE
from sfu.forward.contract import ProducerState
from sfu.media import CONNECT_SECONDS
from sfu.routing.speech import LEVEL_SECONDS
from sfu.stats import snapshot, stats
from sfu.transport.ice import CONSENT_SECONDS
from signaling.control import (
    AudioLevels,
    ConnectionChanged,
    OfferSlots,
    ProducerOpened,
    SetRoutes,
)
from signaling.sdp import SdpError
from tests.support import sdp_offers
from tests.support.media_server import HOME, Server
from tests.support.media_worker import EVENTS, hear


@pytest.fixture
def server() -> Server:
    return Server()


# --- time ------------------------------------------------------------------------------------------


async def test_a_client_that_never_comes_is_given_up(server: Server) -> None:
    server.publish("ghost")
    server.pass_time(CONNECT_SECONDS - 1)
    assert not server.empty()
    server.pass_time(2)
    assert server.empty()
    assert server.told == [(EVENTS, ConnectionChanged("ghost", "publish", "failed"))]


async def test_slots_that_are_never_answered_are_given_up(server: Server) -> None:
    server.media.offers.offer_slots(OfferSlots("ghost", "hall", EVENTS, 12, 12))
    server.pass_time(CONNECT_SECONDS + 1)
    assert server.empty()
    assert server.events() == [ConnectionChanged("ghost", "subscribe", "failed")]


async def test_a_connected_client_that_falls_silent_fails_when_its_consent_has_expired(
    server: Server,
) -> None:
    sdp = server.publish("alice")
    server.check(sdp)
    assert server.forwarder.peers == {1: HOME}
    connection = server.media.sessions["alice"].connections[0]
    connection.transport_connected()
    server.pass_time(120, lambda: server.check(sdp))
    assert not server.empty()
    server.pass_time(CONSENT_SECONDS + 1)
    assert server.empty()
    assert server.events() == [
        ConnectionChanged("alice", "publish", "connected"),
        ConnectionChanged("alice", "publish", "failed"),
    ]


async def test_a_listener_that_vanishes_while_it_is_fed_leaves_nothing_and_a_speaker_silence(
    server: Server,
) -> None:
    speaker, listener = server.publish("alice"), server.play("lisa")
    server.check(speaker)
    server.check(listener, ("192.0.2.51", 6000))
    for session in server.media.sessions.values():
        session.connections[0].transport_connected()
    server.media.apply_routes([SetRoutes("lisa", 1, "hall", (hear(0, "alice"), hear(0, "alice", "camera")))])
    assert len(server.forwarder.routes) == 2
    server.pass_time(CONSENT_SECONDS + 1, lambda: server.check(speaker))
    assert set(server.media.sessions) == {"alice"}
    assert not server.forwarder.routes
    assert ConnectionChanged("lisa", "subscribe", "failed") in server.events()
    server.play("lisa")
    assert len(server.forwarder.routes) == 2
    server.pass_time(CONSENT_SECONDS + 1)
    assert server.empty()


# --- opening and replacing -------------------------------------------------------------------------


async def test_an_offer_that_is_refused_leaves_no_trace(server: Server) -> None:
    for bad in ("", "v=0\r\n", sdp_offers.load_generator("recvonly")):
        with pytest.raises(SdpError):
            server.publish("alice", offer=bad)
    with pytest.raises(ValueError, match="a pool has"):
        server.media.offers.offer_slots(OfferSlots("alice", "hall", EVENTS, 0, 0))
    assert server.empty()
    assert not server.media.routing.routers


async def test_two_m_lines_cannot_share_an_ssrc(server: Server) -> None:
    offer = sdp_offers.load_generator().replace("a=ssrc:6002", "a=ssrc:6001")
    with pytest.raises(SdpError, match="two streams"):
        server.publish("alice", offer=offer)
    assert server.empty()


async def test_each_replacement_frees_what_it_replaces(server: Server) -> None:
    for _ in range(20):
        server.publish("alice")
        server.play("alice")
        server.media.offers.offer_slots(OfferSlots("bob", "hall", EVENTS, 12, 12))
    media = server.media
    assert (len(media.sessions), len(media.producers), len(media.slots)) == (2, 2, 2)
    assert len(server.forwarder.peers) == 3
    for session in ("alice", "bob"):
        media.close_session(session)
    assert server.empty()
    assert not media.routing.routers


async def test_routes_reach_the_forwarder_and_end_with_the_session(server: Server) -> None:
    server.publish("alice")
    server.play("lisa")
    server.media.apply_routes([SetRoutes("lisa", 1, "hall", (hear(0, "alice"), hear(0, "alice", "camera")))])
    assert len(server.forwarder.routes) == 2
    server.media.close_session("alice")
    assert not server.forwarder.routes
    server.publish("alice")
    assert len(server.forwarder.routes) == 2
    server.media.apply_routes([SetRoutes("alice", 1, "room", ())])
    assert not server.forwarder.routes


# --- binding ---------------------------------------------------------------------------------------


async def test_the_ssrcs_of_layers_and_their_rtx_are_bound_by_mid_and_rid_once(server: Server) -> None:
    server.publish("alice", offer=sdp_offers.chromium(simulcast=True))
    layers = {p.rid: p.handle for p in server.media.producers.values() if p.source == "camera"}
    assert list(layers) == ["q", "h", "f"]
    media = server.media
    media.reports.unknown_ssrc(1, 501, 96, "1", "q")
    media.reports.unknown_ssrc(1, 502, 97, "1", "q")
    media.reports.unknown_ssrc(1, 503, 96, "1", "f")
    media.reports.unknown_ssrc(1, 504, 97, "1", "f")
    media.reports.unknown_ssrc(1, 505, 111, "1", "")  # the microphone's payload type with the camera's MID
    media.reports.unknown_ssrc(1, 507, 96, "1", "f")  # one layer is one stream
    media.reports.unknown_ssrc(1, 508, 96, "1", "x")  # a layer that was not negotiated
    media.reports.unknown_ssrc(1, 509, 96, "1", "")  # none says which layer it is
    media.reports.unknown_ssrc(77, 506, 96, "1", "")  # a peer that is gone
    assert server.forwarder.bound == [
        (layers["q"], 501, False),
        (layers["q"], 502, True),
        (layers["f"], 503, False),
        (layers["f"], 504, True),
    ]


async def test_an_ssrc_without_mid_is_bound_where_its_payload_type_is_one_sources(server: Server) -> None:
    server.publish("alice", offer=sdp_offers.load_generator().replace("a=ssrc:", "a=x-ssrc:"))
    server.media.reports.unknown_ssrc(1, 700, 96, "", "")
    assert [ssrc for _, ssrc, _ in server.forwarder.bound] == [700]
    server.publish("bob", offer=sdp_offers.load_generator(pairs=2).replace("a=ssrc:", "a=x-ssrc:"))
    server.media.reports.unknown_ssrc(2, 701, 96, "", "")
    assert len(server.forwarder.bound) == 1


# --- what is told of it ----------------------------------------------------------------------------


async def test_what_a_narrow_path_is_given_is_seen_in_stats_and_in_metrics(server: Server) -> None:
    server.publish("alice")
    server.play("lisa")
    routes = (hear(0, "alice"), hear(0, "alice", "camera"))
    server.media.apply_routes([SetRoutes("lisa", 1, "hall", routes)])
    unknown = stats("w1", server.media, "lisa").sessions[0].downlink
    assert unknown is not None
    assert (unknown.estimate, unknown.paused) == (-1, 0)
    assert snapshot(server.media).estimate == -1.0
    downlink = server.media.bandwidth.of("lisa")
    assert downlink is not None
    server.media.bandwidth.remb(downlink.peer, 200_000, server.now)
    server.now += PATIENCE_SECONDS  # the only picture is not taken away for a moment's sake
    server.media.bandwidth.remb(downlink.peer, 200_000, server.now)
    server.media.bandwidth.changed("lisa", server.now)
    narrow = stats("w1", server.media, "lisa").sessions[0].downlink
    assert narrow is not None
    assert (narrow.estimate, narrow.paused) == (200_000, 1)
    assert narrow.given == AUDIO_BITRATE < narrow.wanted
    figures = snapshot(server.media)
    assert (figures.short, figures.paused, figures.estimate) == (1, 1, 200_000.0)
    assert stats("w1", server.media, "alice").sessions[0].downlink is None


# --- speech ----------------------------------------------------------------------------------------


async def test_speech_is_told_once_to_each_topic_of_its_router(server: Server) -> None:
    server.publish("alice", offer=sdp_offers.chromium())
    server.publish("bob", "room", offer=sdp_offers.chromium())
    mic = next(p for p in server.media.producers.values() if (p.session, p.source) == ("alice", "mic"))
    server.media.reports.producer_started(mic.handle)
    server.media.reports.producer_started(mic.handle)
    assert server.events() == [ProducerOpened("alice", "mic")]
    loud = ProducerState(10, 100, 0, 9, 0, audio_level=20)
    quiet = ProducerState(10, 100, 0, 9, 0, audio_level=127)
    for level, polls in ((loud, 10), (quiet, 20)):
        server.forwarder.producer_states[mic.handle] = level
        for _ in range(polls):
            server.now += 0.14
            server.media.poll_speakers()
    assert server.events()[1:] == [AudioLevels("hall", ("alice",), levels=(18,)), AudioLevels("hall", ())]


async def test_who_speaks_louder_is_told_once_a_second_at_most(server: Server) -> None:
    server.publish("alice", offer=sdp_offers.chromium())
    mic = next(p for p in server.media.producers.values() if p.source == "mic")
    told: list[tuple[float, AudioLevels]] = []
    for poll in range(100):
        level = 6 if poll // 20 % 2 else 34
        server.forwarder.producer_states[mic.handle] = ProducerState(10, 100, 0, 9, 0, audio_level=level)
        server.now += 0.14
        before = len(server.events())
        server.media.poll_speakers()
        told += [(server.now, event) for event in server.events()[before:] if isinstance(event, AudioLevels)]
    assert [event.speaking for _, event in told] == [("alice",)] * len(told)
    assert min(event.levels[0] for _, event in told) <= 12
    assert max(event.levels[0] for _, event in told[2:]) >= 24
    assert all(later - earlier >= LEVEL_SECONDS for (earlier, _), (later, _) in pairwise(told))


async def test_a_level_that_was_read_for_a_report_is_not_lost_to_the_poll(server: Server) -> None:
    server.publish("alice", offer=sdp_offers.chromium())
    mic = next(p for p in server.media.producers.values() if p.source == "mic")
    for _ in range(2):
        server.forwarder.producer_states[mic.handle] = ProducerState(10, 100, 0, 9, 0, audio_level=20)
        server.media.producer_state(mic.handle)
        server.forwarder.producer_states[mic.handle] = ProducerState(10, 100, 0, 9, 0, audio_level=127)
        server.now += 0.14
        server.media.poll_speakers()
    assert server.events() == [AudioLevels("hall", ("alice",), levels=(18,))]
