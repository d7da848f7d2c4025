"""How well everybody's media goes, for those who run the place: `GetQuality`. Reads, changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from sfu.media import Media
from sfu.metrics import Snapshot
from signaling.control import Quality, SessionQuality

# Looking at every slot of a full worker takes milliseconds; nobody needs that more often (seconds).
FRESH_SECONDS = 1.0


def with_losses(snapshot: Snapshot, quality: Quality) -> Snapshot:
    """The metrics' figures with those of everybody together: loss either way and round trip."""
    lost = sum(session.up_lost for session in quality.sessions)
    sent = lost + sum(session.up_packets for session in quality.sessions)
    reported = [session.loss for session in quality.sessions if session.loss >= 0]
    trips = sorted(session.round_trip for session in quality.sessions if session.round_trip >= 0)
    return replace(
        snapshot,
        uplink_loss=lost / sent if sent else -1.0,
        downlink_loss=sum(reported) / len(reported) if reported else -1.0,
        round_trip=trips[len(trips) // 2] if trips else -1.0,
    )


@dataclass(slots=True)
class _Sums:
    """One session's figures while they are added up."""

    up_packets: int = 0
    up_bytes: int = 0
    up_lost: int = 0
    down_packets: int = 0
    down_bytes: int = 0
    retransmitted: int = 0
    connected: list[str] = field(default_factory=list)


class QualityDesk:
    """Answers for one worker. `load` gives (cores used lately, seconds by which the last timer was late)."""

    def __init__(
        self, worker: str, media: Media, load: Callable[[], tuple[float, float]], clock: Callable[[], float]
    ) -> None:
        self._worker = worker
        self._media = media
        self._load = load
        self._clock = clock
        self._at = float("-inf")
        self._last: Quality | None = None

    def look(self) -> Quality:
        """The figures, at most FRESH_SECONDS old."""
        now = self._clock()
        if self._last is None or now - self._at >= FRESH_SECONDS:
            self._at = now
            self._last = self._count()
        return self._last

    def _count(self) -> Quality:
        media = self._media
        media.heard.keep(media.sessions.keys())
        sums = {name: _Sums() for name in media.sessions}
        for producer in media.producers.values():
            one = sums.get(producer.session)
            if one is not None:
                state = media.producer_state(producer.handle)
                one.up_packets += state.packets
                one.up_bytes += state.bytes
                if state.packets:
                    # A packet that is repeated counts again: then fewer are missing than were lost.
                    one.up_lost += max(0, state.highest - state.first + 1 - state.packets)
        for slot in media.slots.values():
            one = sums.get(slot.session)
            if one is not None:
                sent = media.forwarder.slot_state(slot.handle)
                one.down_packets += sent.packets
                one.down_bytes += sent.bytes
                one.retransmitted += sent.retransmitted
        for name, one in sums.items():
            one.connected = [c.name for c in media.sessions[name].connections if c.connected]
        totals = media.forwarder.counters()
        cpu, lag = self._load()
        return Quality(
            worker=self._worker,
            plane=media.forwarder.plane,
            cpu=cpu,
            lag=lag,
            received=totals.received,
            sent=totals.sent,
            sent_bytes=totals.sent_bytes,
            sessions=tuple(self._session(name, one) for name, one in sums.items()),
        )

    def _session(self, name: str, one: _Sums) -> SessionQuality:
        loss, round_trip = self._media.heard.of(name)
        return SessionQuality(
            session=name,
            connected=tuple(one.connected),
            up_packets=one.up_packets,
            up_bytes=one.up_bytes,
            up_lost=one.up_lost,
            down_packets=one.down_packets,
            down_bytes=one.down_bytes,
            retransmitted=one.retransmitted,
            loss=loss,
            round_trip=round_trip,
        )
