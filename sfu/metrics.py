"""What a worker counts, for Prometheus. Every name here is documented in docs; every label is bounded."""

from __future__ import annotations

from collections import Counter as Counter_
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from typing import Any, Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Figures that are read when somebody asks. `dropped` maps reasons (a fixed set) to packets."""

    plane: str
    sessions: int
    routers: int
    producers: int
    slots: int
    received: int
    received_bytes: int
    sent: int
    sent_bytes: int
    dropped: Mapping[str, int]
    # Video by layer (0 lowest): streams that come in now, and slots that are to carry them.
    layers: tuple[int, ...] = ()
    watched: tuple[int, ...] = ()
    # Video sources by what they send now.
    codecs: Mapping[str, int] = field(default_factory=dict)
    # Of what sessions send (0..1 lost on the way to us), and as they report what we send; -1: not known.
    uplink_loss: float = -1.0
    downlink_loss: float = -1.0
    round_trip: float = -1.0
    # Listeners whose path is too narrow for all that they are to see, videos that are paused for that now,
    # and what a path is believed to carry: median, bit/s; -1: nobody's is known.
    short: int = 0
    paused: int = 0
    estimate: float = -1.0
    # Pipes to other workers, and layers of streams that come and go over them.
    pipes: int = 0
    pipe_in: int = 0
    pipe_out: int = 0
    # Clients that UDP does not reach.
    tcp_connections: int = 0
    # Listeners whose voices go out redundantly.
    redundant: int = 0
    # Lost packets of publishers that their redundant audio brought back, and packets that went out with the
    # payload of the one before.
    restored: int = 0
    doubled: int = 0


def together(snapshots: Sequence[Snapshot]) -> Snapshot:
    """The figures of several workers of one process (one at least): counts added up, losses, round trips
    and estimates as the mean of those who know them, weighted by sessions."""
    first = snapshots[0]
    if len(snapshots) == 1:
        return first
    dropped: Counter_[str] = Counter_()
    codecs: Counter_[str] = Counter_()
    for each in snapshots:
        dropped.update(each.dropped)
        codecs.update(each.codecs)
    sums: dict[str, Any] = {name: sum(getattr(each, name) for each in snapshots) for name in _ADDED}
    layers, watched = (
        tuple(map(sum, zip_longest(*(getattr(each, name) for each in snapshots), fillvalue=0)))
        for name in ("layers", "watched")
    )
    means: dict[str, Any] = {
        name: _mean(snapshots, name) for name in ("uplink_loss", "downlink_loss", "round_trip", "estimate")
    }
    return replace(first, dropped=dropped, codecs=codecs, layers=layers, watched=watched, **sums, **means)


_ADDED = (
    *("sessions", "routers", "producers", "slots", "received", "received_bytes", "sent", "sent_bytes"),
    *(
        "pipes",
        "pipe_in",
        "pipe_out",
        "tcp_connections",
        "short",
        "paused",
        "restored",
        "doubled",
        "redundant",
    ),
)


def _mean(snapshots: Sequence[Snapshot], name: str) -> float:
    known = [(getattr(each, name), max(1, each.sessions)) for each in snapshots if getattr(each, name) >= 0]
    weight = sum(sessions for _, sessions in known)
    return sum(value * sessions for value, sessions in known) / weight if known else -1.0


class Source(Protocol):
    """Who knows the figures."""

    def snapshot(self) -> Snapshot:
        """Now."""


class Metrics:
    """The counters that are written as things happen."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self._collector = _Collector()
        self.connect_seconds = Histogram(
            "atrium_sfu_connect_seconds",
            "From the SDP exchange to the end of the DTLS handshake",
            buckets=(0.05, 0.1, 0.2, 0.4, 0.8, 1.5, 3, 6, 12, 30),
            registry=registry,
        )
        self.first_packet_seconds = Histogram(
            "atrium_sfu_first_packet_seconds",
            "From the SDP exchange to the first RTP packet of a source that is sent at once",
            buckets=(0.1, 0.2, 0.4, 0.8, 1.5, 3, 6, 12, 30),
            registry=registry,
        )
        self.listener_first_packet_seconds = Histogram(
            "atrium_sfu_listener_first_packet_seconds",
            "From a listener's slot being given somebody's sound or picture to its first packet",
            ["kind"],
            buckets=(0.05, 0.1, 0.2, 0.4, 0.8, 1.5, 3, 6, 12),
            registry=registry,
        )
        self.keyframe_requests = Counter(
            "atrium_sfu_keyframe_requests", "PLI sent to publishers", registry=registry
        )
        self.codec_changes = Counter(
            "atrium_sfu_codec_changes",
            "Changes of a video to this codec while it was sent, each layer for itself",
            ["codec"],
            registry=registry,
        )
        self.nacks_sent = Counter(
            "atrium_sfu_nacks_sent", "Packets that publishers were asked to repeat", registry=registry
        )
        self.nacks_received = Counter(
            "atrium_sfu_nacks_received", "Packets that listeners asked to be repeated", registry=registry
        )
        self.retransmitted = Counter(
            "atrium_sfu_retransmitted", "Packets repeated to listeners", registry=registry
        )
        self.transport_feedback_sent = Counter(
            "atrium_sfu_transport_feedback_sent", "Transport-wide feedback to publishers", registry=registry
        )
        self.transport_feedback_received = Counter(
            "atrium_sfu_transport_feedback_received",
            "Transport-wide feedback from listeners",
            registry=registry,
        )
        self.congested = Counter(
            "atrium_sfu_congested", "Times that a listener's path was seen to be too full", registry=registry
        )
        self.probe_packets = Counter(
            "atrium_sfu_probe_packets",
            "Packets of padding sent to learn what a path carries",
            registry=registry,
        )
        self.probe_results = Counter(
            "atrium_sfu_probes", "Probes by what came of them", ["result"], registry=registry
        )
        self.paused = Counter(
            "atrium_sfu_videos_paused",
            "Videos paused for a listener, for want of room or of nearness",
            registry=registry,
        )
        self.rtcp_malformed = Counter(
            "atrium_sfu_rtcp_malformed", "Authentic RTCP that could not be read", registry=registry
        )
        self.events_lost = Counter(
            "atrium_sfu_events_lost", "Events that the bus was too slow for", registry=registry
        )
        self.loop_lag = Gauge(
            "atrium_sfu_event_loop_lag_seconds", "How late the last timer came", registry=registry
        )
        self.cpu = Gauge("atrium_sfu_cpu", "Cores that this process used lately", registry=registry)

    def watch(self, source: Source) -> None:
        """Read this source whenever the registry is collected, together with others of this process."""
        if not self._collector.sources:
            self.registry.register(self._collector)
        self._collector.sources.append(source)

    def unwatch(self, source: Source) -> None:
        """Stop reading it."""
        self._collector.sources.remove(source)
        if not self._collector.sources:
            self.registry.unregister(self._collector)


class _Collector(Collector):
    def __init__(self) -> None:
        self.sources: list[Source] = []

    def describe(self) -> Iterable[Metric]:
        """Nothing: so that registering reads no figures."""
        return ()

    def collect(self) -> Iterable[Metric]:
        now = together([source.snapshot() for source in self.sources])
        plane = GaugeMetricFamily("atrium_sfu_plane", "The active forwarding plane", labels=["plane"])
        plane.add_metric([now.plane], 1)
        yield plane
        yield GaugeMetricFamily("atrium_sfu_sessions", "Open sessions", value=now.sessions)
        yield GaugeMetricFamily("atrium_sfu_routers", "Isolation domains", value=now.routers)
        yield GaugeMetricFamily("atrium_sfu_producers", "Sources that are sent in", value=now.producers)
        yield GaugeMetricFamily("atrium_sfu_slots", "Streams that can be fed", value=now.slots)
        yield GaugeMetricFamily(
            "atrium_sfu_tcp_connections",
            "Connections of clients that UDP does not reach",
            value=now.tcp_connections,
        )
        yield GaugeMetricFamily(
            "atrium_sfu_listeners_short",
            "Listeners whose path is too narrow for all that they are to see",
            value=now.short,
        )
        yield GaugeMetricFamily(
            "atrium_sfu_videos_without_room", "Videos that are paused for that now", value=now.paused
        )
        yield GaugeMetricFamily(
            "atrium_sfu_listeners_redundant",
            "Listeners whose path loses too much of what cannot be repeated in time",
            value=now.redundant,
        )
        yield GaugeMetricFamily("atrium_sfu_pipes", "Pipes to other workers", value=now.pipes)
        streams = GaugeMetricFamily(
            "atrium_sfu_pipe_streams", "Streams that cross pipes, each layer for itself", labels=["direction"]
        )
        streams.add_metric(["in"], now.pipe_in)
        streams.add_metric(["out"], now.pipe_out)
        yield streams
        for name, words, counts in (
            ("layers", "Video streams that come in now, by layer (0 lowest)", now.layers),
            ("layers_watched", "Slots by the layer that they are to carry", now.watched),
        ):
            family = GaugeMetricFamily(f"atrium_sfu_{name}", words, labels=["layer"])
            for layer, count in enumerate(counts):
                family.add_metric([str(layer)], count)
            yield family
        codecs = GaugeMetricFamily(
            "atrium_sfu_videos", "Cameras and screens that come in, by codec", labels=["codec"]
        )
        for codec, count in sorted(now.codecs.items()):
            codecs.add_metric([codec], count)
        yield codecs
        yield CounterMetricFamily("atrium_sfu_packets_received", "Datagrams", value=now.received)
        yield CounterMetricFamily(
            "atrium_sfu_bytes_received", "Bytes of these datagrams", value=now.received_bytes
        )
        yield CounterMetricFamily(
            "atrium_sfu_packets_restored",
            "Lost packets that a publisher's redundant audio brought back",
            value=now.restored,
        )
        yield CounterMetricFamily(
            "atrium_sfu_packets_doubled",
            "RTP packets sent that carry the sound of the one before too",
            value=now.doubled,
        )
        yield CounterMetricFamily("atrium_sfu_packets_sent", "RTP packets", value=now.sent)
        yield CounterMetricFamily("atrium_sfu_bytes_sent", "Bytes of RTP packets", value=now.sent_bytes)
        for name, words, value in (
            ("uplink_loss_ratio", "Lost on the way to us, of what open sessions sent", now.uplink_loss),
            ("downlink_loss_ratio", "Mean loss that listeners report", now.downlink_loss),
            ("round_trip_seconds", "Median round trip that listeners report", now.round_trip),
            ("downlink_bits", "Median bit/s that a listener's path is believed to carry", now.estimate),
        ):
            if value >= 0:
                yield GaugeMetricFamily(f"atrium_sfu_{name}", words, value=value)
            else:
                yield GaugeMetricFamily(f"atrium_sfu_{name}", words)
        dropped = CounterMetricFamily(
            "atrium_sfu_packets_dropped", "Packets dropped, by reason", labels=["reason"]
        )
        for reason, count in sorted(now.dropped.items()):
            dropped.add_metric([reason], count)
        yield dropped
