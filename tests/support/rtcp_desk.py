"""A publisher and a listener on one RTCP desk, without keys: compounds in and out, on a turned clock."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar, cast

from prometheus_client import CollectorRegistry

from sfu.forward.contract import Codec, ExtensionIds, ProducerParams, SlotParams, SlotState
from sfu.metrics import Metrics
from sfu.routing.producer import Producer
from sfu.routing.slot import Slot
from sfu.rtcp.desk import RtcpDesk
from sfu.rtp import rtcp
from sfu.rtp.sr import ntp_time
from sfu.transport.transport import PeerTransport
from tests.support.fake_forwarder import FakeForwarder

MIC, CAMERA, MIC_SLOT, CAMERA_SLOT = 11, 12, 21, 22
WALL = 1_800_000_000.0
P = TypeVar("P", bound=rtcp.RtcpPacket)


class Path:
    """A transport that keeps what is sent."""

    def __init__(self, peer: int) -> None:
        self.peer = peer
        self.connected_at: float | None = 0.0
        self.sent: list[bytes] = []

    def send_rtcp(self, data: bytes) -> bool:
        self.sent.append(data)
        return True

    def take(self, kind: type[P]) -> list[P]:
        """The packets of this kind that were sent since the last look; the rest is forgotten."""
        found = [item for data in self.sent for item in rtcp.parse(data)]
        self.sent.clear()
        return [item for item in found if isinstance(item, kind)]


class Desk:
    """Alice sends a mic (SSRC 100) and a camera (200), Lisa has a slot (300, 400) for each.

    Both sources' RTP clocks showed one second at WALL.
    """

    def __init__(self, extensions: ExtensionIds | None = None, more: tuple[str, ...] = ()) -> None:
        self.now = 50.0
        self.wall = WALL
        self.forwarder = FakeForwarder()
        self.alice, self.lisa = Path(1), Path(2)
        self.metrics = Metrics(CollectorRegistry())
        self.desk = RtcpDesk(self.forwarder, self.forwarder.producer_state, self.metrics, lambda: self.wall)
        feedback = ("nack", "nack pli", "goog-remb", *more)
        ids = extensions or ExtensionIds()
        mic = ProducerParams("audio", Codec.OPUS, 111, 48000, 100, extensions=ids)
        camera = ProducerParams("video", Codec.VP8, 96, 90000, 200, extensions=ids)
        self.producers = {
            MIC: Producer(MIC, "alice", "mic", "0", mic, ("nack", *more), 100, started=True),
            CAMERA: Producer(CAMERA, "alice", "camera", "1", camera, feedback, 200, started=True),
        }
        for producer in self.producers.values():
            self.desk.add_producer(producer, cast(PeerTransport, self.alice))
        codecs = {Codec.OPUS: (111, 0), Codec.VP8: (96, 0)}
        self.slots = [
            Slot(MIC_SLOT, "lisa", "audio", 0, SlotParams("audio", 300, 0, codecs), "slot0"),
            Slot(CAMERA_SLOT, "lisa", "video", 0, SlotParams("video", 400, 0, codecs), "slot0"),
        ]
        for slot in self.slots:
            self.desk.add_slot(slot, cast(PeerTransport, self.lisa))

    def feed(self, offset: int = 1000) -> None:
        """Both slots carry Alice."""
        for slot, producer in ((MIC_SLOT, MIC), (CAMERA_SLOT, CAMERA)):
            self.desk.routed(slot, producer)
            last = self.timestamp(producer) + offset
            self.forwarder.slot_states[slot] = SlotState(producer, offset, 7, 700, 0, 1, last)

    def timestamp(self, producer: int) -> int:
        """What the source's clock shows."""
        return round((1 + self.wall - WALL) * self.producers[producer].params.clock_rate)

    def reports(self, *producers: int) -> None:
        """Alice tells how these sources' clocks stand."""
        ntp = ntp_time(self.wall)
        self.from_alice(
            *(
                rtcp.SenderReport(self.producers[one].ssrc, ntp, self.timestamp(one), 1, 1)
                for one in producers
            )
        )

    def later(self, seconds: float, flows: bool = True) -> None:
        """Tick through this time, in which the slots are sent their sources."""
        for _ in range(round(seconds / 0.02)):
            self.now += 0.02
            self.wall += 0.02
            for slot, state in self.forwarder.slot_states.items():
                if flows and state.producer:
                    last = self.timestamp(state.producer) + state.timestamp_offset
                    self.forwarder.slot_states[slot] = replace(state, last_timestamp=last)
            self.desk.tick(self.now)

    def from_alice(self, *packets: rtcp.RtcpPacket) -> None:
        self.desk.from_publisher(1, rtcp.build(packets), self.now)

    def from_lisa(self, *packets: rtcp.RtcpPacket) -> None:
        self.desk.from_listener(self.slots, rtcp.build(packets), self.now)
