"""RTCP of one forwarder: reads what publishers and listeners say, and says what the policy decides."""

from __future__ import annotations

import secrets
import struct
from collections.abc import Callable
from dataclasses import dataclass, field

from sfu.forward.contract import Forwarder, ProducerState
from sfu.metrics import Metrics
from sfu.producer import Producer
from sfu.rtcp_policy import KeyframeRequests
from sfu.slot import Slot
from sfu.transport import PeerTransport


@dataclass(slots=True)
class _Sending:
    producer: Producer
    transport: PeerTransport
    keyframes: KeyframeRequests = field(default_factory=KeyframeRequests)


class RtcpDesk:
    """`ask` gives the forwarder's figures of a producer."""

    def __init__(self, forwarder: Forwarder, ask: Callable[[int], ProducerState], metrics: Metrics) -> None:
        self._forwarder = forwarder
        self._ask = ask
        self._metrics = metrics
        self._ssrc = secrets.randbits(31) + 1
        self._producers: dict[int, _Sending] = {}
        # Video slots that have been routed and have sent nothing of their producer yet.
        self._waiting: dict[int, int] = {}

    def add_producer(self, producer: Producer, transport: PeerTransport) -> None:
        """A source that will be sent over this transport."""
        self._producers[producer.handle] = _Sending(producer, transport)

    def remove_producer(self, handle: int) -> None:
        """It is gone."""
        self._producers.pop(handle, None)

    def add_slot(self, slot: Slot, transport: PeerTransport) -> None:
        """A slot that is received over this transport."""

    def remove_slot(self, handle: int) -> None:
        """It is gone."""
        self._waiting.pop(handle, None)

    def routed(self, slot: int, producer: int | None) -> None:
        """The slot is fed by another producer from now on."""
        if producer is None:
            self._waiting.pop(slot, None)
        else:
            self._waiting[slot] = producer

    def from_publisher(self, producers: list[Producer], packet: bytes, now: float) -> None:
        """A compound packet of a publish connection."""

    def from_listener(self, slots: list[Slot], packet: bytes, now: float) -> None:
        """A compound packet of a subscribe connection."""

    def keyframe_needed(self, handle: int, now: float) -> None:
        """A slot cannot begin without one."""
        sending = self._producers.get(handle)
        if sending is not None and sending.producer.ssrc and sending.keyframes.request(now):
            self._send_pli(sending)

    def packets_lost(self, handle: int, sequences: list[int], now: float) -> None:
        """A gap."""

    def tick(self, now: float) -> None:
        """Repeat what is due."""
        for slot, handle in list(self._waiting.items()):
            if self._forwarder.slot_state(slot).producer == handle:
                del self._waiting[slot]
        waiting = set(self._waiting.values())
        for handle, sending in self._producers.items():
            ready = sending.producer.ssrc and sending.producer.kind == "video"
            if ready and sending.keyframes.due(now, handle in waiting):
                self._send_pli(sending)

    def _send_pli(self, sending: _Sending) -> None:
        pli = struct.pack("!BBHII", 0x81, 206, 2, self._ssrc, sending.producer.ssrc)
        if sending.transport.send_rtcp(struct.pack("!BBHI", 0x80, 201, 1, self._ssrc) + pli):
            self._metrics.keyframe_requests.inc()
