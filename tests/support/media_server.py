"""The media server on a fake forwarder, with a clock that the test turns."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry

from sfu.media import Media
from sfu.metrics import Metrics
from sfu.transport.dtls import Identity
from sfu.transport.transport import Endpoint
from signaling.control import (
    AcceptPlay,
    AcceptPublish,
    Event,
)
from tests.support import sdp_offers, stun_client
from tests.support.fake_forwarder import FakeForwarder
from tests.support.media_worker import EVENTS
from tests.support.scripted_client import far_side

HOME = ("192.0.2.50", 6000)


class Server:
    """A `Media` on a fake forwarder, with a clock that the test turns."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.told: list[tuple[str, Event]] = []
        self.forwarder = FakeForwarder()
        endpoint = Endpoint((("127.0.0.1", 5000),), Identity(), lambda: self.now)
        self.media = Media(
            endpoint,
            lambda topic, event: self.told.append((topic, event)),
            Metrics(CollectorRegistry()),
            lambda: self.now,
        )
        self.media.attach(self.forwarder)

    def publish(self, session: str, router: str = "hall", offer: str | None = None) -> str:
        offer = sdp_offers.load_generator() if offer is None else offer
        return self.media.offers.accept_publish(AcceptPublish(session, router, EVENTS, offer, {})).sdp

    def play(self, session: str, router: str = "hall") -> str:
        offer = sdp_offers.load_generator("recvonly")
        return self.media.offers.accept_play(AcceptPlay(session, router, EVENTS, offer)).sdp

    def check(self, sdp: str, address: tuple[str, int] = HOME) -> None:
        far = far_side(sdp)
        self.media.reports.datagram(stun_client.check(far.ufrag, far.password), address)

    def pass_time(self, seconds: float, each: Callable[[], None] = lambda: None) -> None:
        end = self.now + seconds
        while self.now < end:
            self.now += 0.5
            each()
            self.media.tick()
            self.media.expire()

    def events(self) -> list[Event]:
        return [event for _, event in self.told]

    def empty(self) -> bool:
        """Nothing is left in any table, here or in the forwarder."""
        media, fake = self.media, self.forwarder
        return not any(
            [media.sessions, media.producers, media.slots, fake.peers, fake.routes, media.connections]
        )
