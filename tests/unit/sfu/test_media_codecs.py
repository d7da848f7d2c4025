"""The media server and a video's codec: what a publisher is asked for, and what follows when it heeds."""

from __future__ import annotations

import itertools

import pytest

from sfu.forward.contract import Codec, ProducerState
from sfu.routing.codec_choice import OBEY_SECONDS, QUIET_SECONDS
from sfu.stats import snapshot, stats
from signaling.control import AcceptPlay, AcceptPublish, LayersWanted, RestartIce, Route, SetRoutes
from tests.support import sdp_offers
from tests.support.media_server import Server
from tests.support.media_worker import EVENTS


@pytest.fixture
def server() -> Server:
    return Server()


class Room:
    """Alice sends a camera in any codec; others play it, each in what they take."""

    def __init__(self, server: Server) -> None:
        self.server = server
        server.publish("alice", offer=sdp_offers.chromium())
        self.camera = next(p for p in server.media.producers.values() if p.source == "camera")
        self.bytes = 0
        self.epoch = 0
        self.send(1)

    def come(self, name: str, *codecs: str) -> None:
        """A listener who takes these (all: none named) and is to see Alice."""
        offer = sdp_offers.chromium().replace("a=sendonly", "a=recvonly")
        for other in {"VP8", "H264", "VP9", "AV1"}.difference(codecs) if codecs else ():
            offer = offer.replace(f" {other}/90000", f" no{other}/90000")
        self.server.media.offers.accept_play(AcceptPlay(name, "hall", EVENTS, offer))
        self.watch(name)

    def watch(self, name: str, watches: bool = True, active: bool = True) -> None:
        self.epoch += 1
        routes = (Route("video", 0, "alice", "camera", active),) if watches else ()
        self.server.media.apply_routes([SetRoutes(name, self.epoch, "hall", routes)])

    def send(self, seconds: float) -> None:
        """Time in which Alice sends."""

        def step() -> None:
            self.bytes += 10_000
            state = ProducerState(self.bytes // 1000, self.bytes, 0, 0, 0, 127)
            self.server.forwarder.producer_states[self.camera.handle] = state
            self.server.media.reports.producer_started(self.camera.handle)

        self.server.pass_time(seconds, step)

    def change(self, codec: Codec) -> None:
        """Alice's packets are of another codec."""
        self.server.media.reports.codec_changed(self.camera.handle, codec)

    def told(self) -> list[str]:
        """The codec in each message to Alice, "" where it names none."""
        return [event.codec for event in self.server.events() if isinstance(event, LayersWanted)]

    def asked(self) -> list[str]:
        """The codecs that Alice was asked for, one after the other."""
        return [codec for codec, _ in itertools.groupby(filter(None, self.told()))]

    def sees(self, name: str) -> bool:
        """Whether the router lets it have the camera."""
        member = self.server.media.routing.member(name)
        return member is not None and member.fed.get(("video", 0)) == self.camera.handle


async def test_who_takes_only_another_codec_has_it_asked_for_and_is_fed_when_it_comes(server: Server) -> None:
    room = Room(server)
    room.come("lisa")
    room.send(2)
    assert room.asked() == []
    room.come("device", "H264")
    assert room.asked() == ["H264"]
    assert (room.sees("lisa"), room.sees("device")) == (True, False)
    room.change(Codec.H264)
    assert (room.sees("lisa"), room.sees("device")) == (True, True)
    room.send(20)
    assert room.asked() == ["H264"]


async def test_the_codec_is_back_when_the_one_who_needed_it_has_gone(server: Server) -> None:
    room = Room(server)
    room.come("lisa")
    room.come("device", "H264")
    room.change(Codec.H264)
    room.send(5)
    room.watch("device", watches=False)
    room.send(QUIET_SECONDS - 1)
    assert room.asked() == ["H264"]
    room.send(2)
    assert room.asked() == ["H264", "VP8"]
    room.change(Codec.VP8)
    assert (room.sees("lisa"), room.sees("device")) == (True, False)


async def test_a_listener_whose_connection_ends_counts_no_more(server: Server) -> None:
    room = Room(server)
    room.come("lisa")
    room.come("device", "H264")
    room.change(Codec.H264)
    server.media.close_session("device")
    room.send(QUIET_SECONDS + 1)
    assert room.asked() == ["H264", "VP8"]


async def test_who_is_about_to_come_into_range_counts(server: Server) -> None:
    room = Room(server)
    room.come("lisa")
    room.come("device", "VP9")
    room.watch("device", active=False)
    assert room.asked() == ["VP9"]


async def test_who_is_in_another_router_does_not_count(server: Server) -> None:
    room = Room(server)
    room.come("lisa")
    offer = sdp_offers.chromium().replace("a=sendonly", "a=recvonly").replace(" VP8/", " noVP8/")
    server.media.offers.accept_play(AcceptPlay("spy", "room", EVENTS, offer))
    server.media.apply_routes([SetRoutes("spy", 1, "room", (Route("video", 0, "alice", "camera"),))])
    room.send(5)
    assert room.asked() == []


async def test_a_publisher_that_does_not_change_is_asked_once(server: Server) -> None:
    room = Room(server)
    room.come("lisa")
    room.come("device", "H264")
    room.send(OBEY_SECONDS + 10)
    assert room.asked() == ["H264", "VP8"]
    assert (room.sees("lisa"), room.sees("device")) == (True, False)


async def test_whoever_restarts_is_told_the_codec_again(server: Server) -> None:
    room = Room(server)
    room.come("device", "H264")
    room.change(Codec.H264)
    room.send(2)
    server.media.offers.restart_ice(RestartIce("alice"))
    assert room.told() == ["H264", "H264"]


async def test_a_device_that_cannot_be_told_is_not(server: Server) -> None:
    room = Room(server)
    server.media.close_session("alice")
    server.publish("alice", offer=sdp_offers.load_generator())
    room.camera = next(p for p in server.media.producers.values() if p.source == "camera")
    room.come("device", "H264")
    room.send(5)
    assert room.asked() == []


@pytest.mark.parametrize(("players", "codec"), [((), "VP8"), (("VP8", "H264"), "VP8"), (("H264",), "H264")])
async def test_a_device_is_answered_with_what_most_who_are_there_decode(
    server: Server, players: tuple[str, ...], codec: str
) -> None:
    room = Room(server)
    for name in players:
        room.come(f"plays {name}", name)
    offer = sdp_offers.chromium()
    server.media.offers.accept_publish(AcceptPublish("device", "hall", EVENTS, offer, {}, fixed=True))
    sent = [p.params.formats for p in server.media.producers.values() if p.session == "device"]
    assert [[form.codec.name for form in formats] for formats in sent] == [["OPUS"], [codec]]


async def test_what_is_sent_is_in_the_figures(server: Server) -> None:
    room = Room(server)
    room.change(Codec.H264)
    assert {one.source: one.codec for one in stats("w", server.media, "alice").sessions[0].producers} == {
        "mic": "opus",
        "camera": "H264",
    }
    assert snapshot(server.media).codecs == {"H264": 1}
