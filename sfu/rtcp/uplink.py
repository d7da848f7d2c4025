"""Transport-wide feedback to publishers: so that their estimates follow their path within a second.

The plane remembers when numbered packets came in (`Forwarder.transport_arrived`); here that is fetched
and told a few times a second. A publisher that has nothing numbered is told nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sfu.congestion.arrivals import ArrivalLog
from sfu.forward.contract import Forwarder
from sfu.metrics import Metrics
from sfu.routing.producer import Producer
from sfu.rtcp.transport import RtcpTransport
from sfu.rtp import rtcp
from signaling.codecs import TRANSPORT_CC

# Measured with Chromium behind 600 kbit/s: every 50 ms it was at 601 within a second.
FEEDBACK_SECONDS = 0.05
MAX_FEEDBACK_SECONDS = 0.2
# With more publishers than twenty each hears less often: telling all of them may cost what it costs twenty.
SECONDS_PER_PUBLISHER = FEEDBACK_SECONDS / 20


@dataclass(slots=True, eq=False)
class _Sender:
    transport: RtcpTransport
    log: ArrivalLog = field(default_factory=ArrivalLog)
    producers: dict[int, Producer] = field(default_factory=dict)


class Uplink:
    """Every publish connection of one forwarder. `ssrc` is what we call ourselves in RTCP."""

    def __init__(self, forwarder: Forwarder, ssrc: int, metrics: Metrics) -> None:
        self._forwarder = forwarder
        self._ssrc = ssrc
        self._metrics = metrics
        self._senders: dict[int, _Sender] = {}
        self._due = 0.0

    def __bool__(self) -> bool:
        return bool(self._senders)

    def add(self, producer: Producer, transport: RtcpTransport) -> None:
        """A source, if its packets are numbered."""
        if TRANSPORT_CC in producer.feedback and producer.params.extensions.transport_cc:
            sender = self._senders.setdefault(transport.peer, _Sender(transport))
            sender.producers[producer.handle] = producer

    def remove(self, producer: int, peer: int) -> None:
        """It is gone."""
        sender = self._senders.get(peer)
        if sender is not None:
            sender.producers.pop(producer, None)
            if not sender.producers:
                del self._senders[peer]

    def tick(self, now: float) -> None:
        """Tell everybody whose turn it is."""
        if now < self._due:
            return
        self._due = now + min(
            max(FEEDBACK_SECONDS, SECONDS_PER_PUBLISHER * len(self._senders)), MAX_FEEDBACK_SECONDS
        )
        for peer, sender in self._senders.items():
            arrivals = self._forwarder.transport_arrived(peer)
            if not arrivals:
                continue
            media = next((one.ssrc for one in sender.producers.values() if one.ssrc), 0)
            told = sender.log.feedback(arrivals, self._ssrc, media)
            if sender.transport.send_rtcp(rtcp.build([rtcp.ReceiverReport(self._ssrc), *told])):
                self._metrics.transport_feedback_sent.inc(len(told))
