"""What a forwarding plane refuses, as `contract.Forwarder` says: bounds that are reached, and contradictions.

Both planes ask here before they change a table. Pure; asked about are the books of either.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Protocol

from sfu.forward.contract import (
    MAX_FORMATS,
    MAX_PEERS,
    MAX_PRODUCERS_PER_PEER,
    MAX_SENT_SSRCS,
    MAX_SLOTS_PER_PEER,
    MAX_SLOTS_PER_PRODUCER,
    MAX_TEMPORAL,
    ProducerParams,
    SlotParams,
    TableFull,
)


class KnownProducer(Protocol):
    """A producer in a plane's books."""

    @property
    def handle(self) -> int: ...


class KnownSlot(Protocol):
    """A slot in a plane's books."""

    @property
    def params(self) -> SlotParams: ...


class KnownPeer(Protocol):
    """A peer in a plane's books: `retired` are the SSRCs whose slot is gone, `repeatable` those that its
    repeating session has or had."""

    @property
    def slots(self) -> Iterable[KnownSlot]: ...

    @property
    def retired(self) -> Collection[int]: ...

    @property
    def repeatable(self) -> Collection[int]: ...


def refuse_peer(peers: Mapping[int, object], peer: int) -> None:
    """Raise for a peer that cannot be added."""
    if len(peers) >= MAX_PEERS:
        raise TableFull(f"{MAX_PEERS} peers (MAX_PEERS)")
    if peer in peers:
        raise ValueError(f"peer {peer} exists")


def refuse_producer(
    producers: Mapping[int, object], producer: int, of_peer: Collection[object], params: ProducerParams
) -> None:
    """Raise for a producer that cannot be added to those that its peer has."""
    if len(params.formats) > MAX_FORMATS:
        raise ValueError(f"a producer has {MAX_FORMATS} codecs at most (MAX_FORMATS)")
    if producer in producers:
        raise ValueError(f"producer {producer} exists")
    if len(of_peer) >= MAX_PRODUCERS_PER_PEER:
        raise TableFull(f"{MAX_PRODUCERS_PER_PEER} producers of one peer (MAX_PRODUCERS_PER_PEER)")


def refuse_binding(sources: Mapping[int, KnownProducer], ssrc: int, producer: KnownProducer) -> None:
    """Raise for an SSRC of the peer that is another producer's."""
    owner = sources.get(ssrc)
    if owner is not None and owner is not producer:
        raise ValueError(f"SSRC {ssrc} belongs to producer {owner.handle}")


def refuse_slot(
    slots: Mapping[int, object], slot: int, peer: int, entry: KnownPeer, params: SlotParams
) -> None:
    """Raise for a slot that cannot be added to its peer."""
    if slot in slots:
        raise ValueError(f"slot {slot} exists")
    others = [other.params for other in entry.slots]
    if len(others) >= MAX_SLOTS_PER_PEER:
        raise TableFull(f"{MAX_SLOTS_PER_PEER} slots of one peer (MAX_SLOTS_PER_PEER)")
    taken = {ssrc for other in others for ssrc in (other.ssrc, other.rtx_ssrc) if ssrc}
    for ssrc in (params.ssrc, params.rtx_ssrc):
        if ssrc in taken:
            raise ValueError(f"SSRC {ssrc} is another slot's of peer {peer}")
    if len(taken) + len(entry.retired) >= MAX_SENT_SSRCS - 1:
        raise TableFull(f"{MAX_SENT_SSRCS} SSRCs sent to one peer with one key (MAX_SENT_SSRCS)")
    for ssrc in (params.ssrc, params.rtx_ssrc):
        if ssrc in entry.retired and (ssrc in entry.repeatable) != params.repeats:
            raise ValueError(f"SSRC {ssrc} of peer {peer} had RTX before, or none, with these keys")


def refuse_route(slot: int, params: SlotParams, source: ProducerParams, listeners: int) -> None:
    """Raise for a slot that can carry nothing of a source, which has so many slots."""
    if source.kind != params.kind or not any(form.codec in params.payload_types for form in source.formats):
        names = " or ".join(form.codec.name for form in source.formats)
        raise ValueError(f"slot {slot} ({params.kind}) cannot carry {names}")
    if listeners >= MAX_SLOTS_PER_PRODUCER:
        raise TableFull(f"{MAX_SLOTS_PER_PRODUCER} slots of one producer (MAX_SLOTS_PER_PRODUCER)")


def refuse_limit(temporal: int) -> None:
    """Raise for what is no temporal layer."""
    if not 0 <= temporal <= MAX_TEMPORAL:
        raise ValueError(f"a temporal layer is 0 to {MAX_TEMPORAL}, not {temporal}")


def refuse_redundancy(slot: int, params: SlotParams) -> None:
    """Raise for a slot whose client takes no redundant audio."""
    if params.kind != "audio" or not params.red_payload_type:
        raise ValueError(f"slot {slot} takes no redundant audio")
