"""The media server and a source's layers: which of them a slot carries, and which its publisher sends."""

from __future__ import annotations

import pytest

from sfu.forward.contract import ProducerState
from sfu.routing.layers import BEST, NOTHING
from sfu.routing.pausing import PAUSE_SECONDS
from signaling.control import (
    LayersWanted,
    Picture,
    ProducerOpened,
    Restarted,
    RestartIce,
    Route,
    SetRoutes,
    VideoPaused,
)
from tests.support import sdp_offers
from tests.support.media_server import Server


@pytest.fixture
def server() -> Server:
    return Server()


class Watched:
    """Alice sends a camera of three layers, Lisa plays everything of hers in one pair of slots."""

    def __init__(self, server: Server) -> None:
        self.server = server
        server.publish("alice", offer=sdp_offers.chromium(simulcast=True))
        server.play("lisa")
        media = server.media
        self.handles = [p.handle for p in media.producers.values() if p.source == "camera"]
        self.slot = next(slot.handle for slot in media.slots.values() if slot.kind == "video")
        self.epoch = 0
        self.packets = 0

    def watch(self, active: bool = True, wanted: bool = True) -> None:
        self.epoch += 1
        route = Route("video", 0, "alice", "camera", active)
        change = SetRoutes("lisa", self.epoch, "hall", (route,) if wanted else ())
        self.server.media.apply_routes([change])

    def send(self, *layers: int, seconds: float = 0.0) -> None:
        """These layers have sent more; then time passes, in which they send on."""

        def step() -> None:
            self.packets += 10
            for layer in layers:
                state = ProducerState(self.packets, self.packets * 1000, 0, 0, 0, 127)
                self.server.forwarder.producer_states[self.handles[layer]] = state
                self.server.media.reports.producer_started(self.handles[layer])

        step()
        self.server.pass_time(seconds, step)

    def wanted(self) -> list[tuple[str, ...]]:
        return [event.rids for event in self.server.events() if isinstance(event, LayersWanted)]

    def fed(self) -> int | None:
        return self.server.forwarder.routes.get(self.slot)


async def test_a_source_opens_once_whichever_of_its_layers_comes_first(server: Server) -> None:
    watched = Watched(server)
    watched.send(0, 1, 2)
    assert server.events() == [ProducerOpened("alice", "camera")]
    server.media.close_session("alice")
    server.media.close_session("lisa")
    assert server.empty()
    assert not server.media.sources
    assert not server.media.feeds.changed


async def test_a_slot_goes_on_to_a_better_layer_as_it_comes(server: Server) -> None:
    watched = Watched(server)
    watched.watch()
    assert watched.fed() == watched.handles[0]
    watched.send(0, 1)
    assert watched.fed() == watched.handles[1]
    watched.send(0, 1, 2)
    assert watched.fed() == watched.handles[2]
    assert server.forwarder.held[-1] == (watched.slot, watched.handles[2])
    server.media.select(watched.slot, 0, 1, hold=False)
    assert watched.fed() == watched.handles[0]
    assert server.forwarder.limits == {watched.slot: 1}
    server.media.select(watched.slot, NOTHING)
    assert watched.fed() is None


async def test_a_layer_that_its_publisher_stops_gives_way_to_a_lower_one(server: Server) -> None:
    watched = Watched(server)
    watched.watch()
    watched.send(0, 1, 2, seconds=2)
    assert watched.fed() == watched.handles[2]
    watched.send(0, seconds=2)
    assert watched.fed() == watched.handles[0]


async def test_a_publisher_whom_nobody_watches_is_told_after_a_while(server: Server) -> None:
    watched = Watched(server)
    watched.send(0, 1, 2, seconds=PAUSE_SECONDS - 1)
    assert watched.wanted() == []
    watched.send(0, 1, 2, seconds=2)
    assert watched.wanted() == [()]
    watched.watch()
    assert watched.wanted() == [(), ("q", "h", "f")]


async def test_a_restart_says_anew_which_layers_are_wanted(server: Server) -> None:
    watched = Watched(server)
    watched.send(0, 1, 2, seconds=PAUSE_SECONDS + 1)
    assert watched.wanted() == [()]
    watched.send(0, 1, 2, seconds=PAUSE_SECONDS + 1)
    assert watched.wanted() == [()]
    # Whoever restarts may not have heard it, and begins with everything.
    restarted = server.media.offers.restart_ice(RestartIce("alice"))
    assert isinstance(restarted, Restarted)
    watched.send(0, 1, 2, seconds=PAUSE_SECONDS + 1)
    assert watched.wanted() == [(), ()]


async def test_a_listener_who_is_about_to_come_wakes_the_lowest_layer(server: Server) -> None:
    watched = Watched(server)
    watched.send(0, 1, 2, seconds=PAUSE_SECONDS + 1)
    watched.watch(active=False)
    assert watched.wanted() == [(), ("q",)]
    watched.watch()
    assert watched.wanted()[-1] == ("q", "h", "f")
    watched.watch(active=False)
    watched.watch(wanted=False)
    watched.send(0, seconds=PAUSE_SECONDS + 1)
    assert watched.wanted()[-1] == ()


async def test_layers_above_every_wish_are_paused_and_those_below_go_on(server: Server) -> None:
    watched = Watched(server)
    watched.watch()
    watched.send(0, 1, 2)
    server.media.select(watched.slot, 1)
    watched.send(0, 1, 2, seconds=PAUSE_SECONDS + 1)
    assert watched.wanted() == [("q", "h")]
    server.media.select(watched.slot, BEST)
    assert watched.wanted() == [("q", "h"), ("q", "h", "f")]


async def test_the_distance_and_the_path_decide_which_layer_a_listener_gets(server: Server) -> None:
    watched = Watched(server)
    watched.send(0, 1, 2)

    def fed_at(cap: int) -> int | None:
        watched.epoch += 1
        route = Route("video", 0, "alice", "camera", True, 1, cap)
        server.media.apply_routes([SetRoutes("lisa", watched.epoch, "hall", (route,))])
        return watched.fed()

    assert [fed_at(cap) for cap in (3, 1, 2, 0)] == [
        watched.handles[2],
        watched.handles[0],
        watched.handles[1],
        None,
    ]
    told = [event for event in server.events() if isinstance(event, VideoPaused)]
    assert told == [VideoPaused("lisa", (Picture("alice", "camera"),))]
    assert fed_at(3) == watched.handles[2]
    assert server.events()[-1] == VideoPaused("lisa", ())
    lisa = server.media.sessions["lisa"].subscribe
    assert lisa is not None
    server.media.bandwidth.remb(lisa.transport.peer, 350_000, server.now)
    assert watched.fed() == watched.handles[0]
    server.media.bandwidth.remb(lisa.transport.peer, 5_000_000, server.now)
    watched.send(0, 1, 2, seconds=12)
    assert watched.fed() == watched.handles[2]


async def test_who_leaves_is_not_told_of_pictures_and_who_comes_back_is_told_anew(server: Server) -> None:
    watched = Watched(server)
    watched.send(0, 1, 2)
    route = Route("video", 0, "alice", "camera", True, 1, 0)
    server.media.apply_routes([SetRoutes("lisa", 1, "hall", (route,))])
    server.told.clear()
    server.play("lisa")
    assert server.events() == [VideoPaused("lisa", (Picture("alice", "camera"),))]
    server.media.close_session("lisa")
    assert len(server.events()) == 1
    assert server.media.bandwidth.downlinks == {}


async def test_who_sends_nothing_yet_is_told_nothing(server: Server) -> None:
    watched = Watched(server)
    server.pass_time(3 * PAUSE_SECONDS)
    assert watched.wanted() == []
