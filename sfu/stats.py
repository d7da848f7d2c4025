"""The forwarding table as figures: for `GetStats` and for the metrics. Reads, changes nothing."""

from __future__ import annotations

from collections import Counter

from sfu.downlink.bandwidth import Downlink
from sfu.media import Media
from sfu.metrics import Snapshot
from sfu.routing.producer import NAMES
from sfu.session import Session
from signaling.control import DownlinkStats, LayerStats, ProducerStats, SessionStats, SlotStats, Stats
from signaling.simulcast import MAX_LAYERS


def stats(worker: str, media: Media, session: str | None) -> Stats:
    """Every session, or the one named (none when it is unknown)."""
    names = list(media.sessions) if session is None else [session]
    return Stats(
        worker=worker,
        plane=media.forwarder.plane,
        sessions=tuple(_session(media, media.sessions[name]) for name in names if name in media.sessions),
    )


def _session(media: Media, session: Session) -> SessionStats:
    member = media.routing.member(session.name)
    return SessionStats(
        session=session.name,
        router=member.router if member is not None else "",
        epoch=member.epoch if member is not None else -1,
        producers=tuple(_producers(media, session)),
        slots=tuple(_slots(media, session)),
        downlink=_downlink(media.bandwidth.of(session.name)),
    )


def _downlink(downlink: Downlink | None) -> DownlinkStats | None:
    if downlink is None:
        return None
    known, shared = downlink.known, downlink.allocation
    return DownlinkStats(
        round(known) if known is not None else -1,
        round(shared.used),
        round(shared.goal),
        len(shared.paused),
        downlink.redundancy.on,
    )


def _producers(media: Media, session: Session) -> list[ProducerStats]:
    found = []
    for layers in session.publish.sources if session.publish is not None else ():
        streams = []
        for layer in layers.layers:
            state = media.producer_state(layer.producer.handle)
            streams.append(
                LayerStats(layer.producer.rid, state.packets, state.bytes, layer.flows, round(layer.bitrate))
            )
        total = (sum(one.packets for one in streams), sum(one.bytes for one in streams))
        found.append(ProducerStats(layers.source, *total, tuple(streams), NAMES[layers.codec]))
    return found


def _slots(media: Media, session: Session) -> list[SlotStats]:
    member = media.routing.member(session.name)
    found = []
    for slot in session.subscribe.slots if session.subscribe is not None else []:
        state = media.forwarder.slot_state(slot.handle)
        key = (slot.kind, slot.index)
        producer = media.producers.get(member.fed.get(key, 0)) if member is not None else None
        feed = media.feeds.of(slot.handle)
        fed = media.producers.get(feed.fed) if feed is not None else None
        reserved = member.wanted.get(key) if member is not None else None
        if producer is not None:
            speaker, source = producer.session, producer.source
        elif reserved is not None and not reserved.active:
            speaker, source = reserved.session, reserved.source
        else:
            found.append(SlotStats(slot.kind, slot.index, None, None, False, state.packets, state.bytes))
            continue
        active = producer is not None
        rid = fed.rid if fed is not None else ""
        layer = feed.source.index(feed.fed) if feed is not None else -1
        found.append(
            SlotStats(slot.kind, slot.index, speaker, source, active, state.packets, state.bytes, rid, layer)
        )
    return found


def snapshot(media: Media) -> Snapshot:
    """What the metrics show."""
    plane = media.forwarder.counters()
    dropped: Counter[str] = Counter({str(reason): count for reason, count in plane.dropped.items()})
    dropped.update(media.endpoint.dropped)
    dropped.update(media.endpoint.ice.dropped)
    layers, watched = _layers(media)
    listeners = [media.bandwidth.of(name) for name in media.sessions]
    known = [one for one in listeners if one is not None and one.known is not None]
    estimates = sorted(one.known or 0.0 for one in known)
    return Snapshot(
        plane=media.forwarder.plane,
        sessions=len(media.sessions),
        routers=len(media.routing.routers),
        producers=len(media.producers),
        slots=len(media.slots),
        received=plane.received,
        received_bytes=plane.received_bytes,
        sent=plane.sent,
        sent_bytes=plane.sent_bytes,
        dropped=dropped,
        redundant=sum(one is not None and one.redundancy.on for one in listeners),
        restored=plane.restored,
        doubled=plane.doubled,
        pipes=len(media.pipes.ends),
        pipe_in=sum(len(one.producers) for end in media.pipes.ends.values() for one in end.imports.values()),
        pipe_out=sum(len(end.pool) for end in media.pipes.ends.values()),
        layers=layers,
        watched=watched,
        codecs=Counter(NAMES[one.codec] for one in media.sources.values() if one.kind == "video"),
        short=sum(one.allocation.used < one.allocation.goal for one in known),
        paused=sum(len(one.allocation.paused) for one in known),
        estimate=estimates[len(estimates) // 2] if estimates else -1.0,
    )


def _layers(media: Media) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Video streams that come in, and slots that carry them, by layer."""
    flowing, watched = [0] * MAX_LAYERS, [0] * MAX_LAYERS
    for source in media.sources.values():
        if source.kind != "video":
            continue
        for index, layer in enumerate(source.layers):
            flowing[index] += layer.bitrate > 0
        for feed in media.feeds.listening(source.group):
            index = source.index(feed.fed)
            if index >= 0:
                watched[index] += 1
    return tuple(flowing), tuple(watched)
