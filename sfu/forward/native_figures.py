"""The native plane's figures, out of its C structs: reading them never holds the data thread up."""

from __future__ import annotations

from typing import Any

from sfu.forward.contract import Drop, PlaneCounters, ProducerState, SlotState
from sfu.forward.native_link import extension


def read_producer(pointer: Any) -> ProducerState:
    """What has come in from a producer; its loudest level begins anew."""
    ffi, lib = extension()
    figures = ffi.new("producer_figures *")
    lib.producer_read(pointer, figures)
    return ProducerState(
        packets=figures.packets,
        bytes=figures.bytes,
        first=max(figures.first, 0),
        highest=max(figures.highest, 0),
        jitter=figures.jitter,
        audio_level=figures.audio_level,
        temporal_bytes=tuple(figures.temporal_bytes),
    )


def read_slot(pointer: Any) -> SlotState:
    """What has gone out of a slot."""
    ffi, lib = extension()
    figures = ffi.new("slot_figures *")
    lib.slot_read(pointer, figures)
    return SlotState(
        producer=figures.producer,
        timestamp_offset=figures.timestamp_offset,
        packets=figures.packets,
        bytes=figures.bytes,
        retransmitted=figures.retransmitted,
        last_sequence=figures.next_sequence - 1 & 0xFFFF,
        last_timestamp=figures.last_timestamp if figures.packets else 0,
        thinned=figures.thinned,
    )


def read_plane(plane: Any, unsent: dict[Drop, int]) -> PlaneCounters:
    """A plane's totals; `unsent` is what control itself could not send."""
    ffi, lib = extension()
    figures = ffi.new("plane_figures *")
    lib.plane_read(plane, figures)
    dropped = {reason.value: int(figures.dropped[index]) for index, reason in enumerate(Drop)}
    for reason, count in unsent.items():
        dropped[reason.value] += count
    return PlaneCounters(
        received=figures.received,
        received_bytes=figures.received_bytes,
        sent=figures.sent,
        sent_bytes=figures.sent_bytes,
        dropped=dropped,
        probes=figures.probes,
        restored=figures.restored,
        doubled=figures.doubled,
    )
