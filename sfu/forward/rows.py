"""Listeners of one producer side by side, as columns: what the way of a packet needs of each."""

from __future__ import annotations

from array import array
from typing import Any

from sfu.forward.pictures import NO_SHIFT, Shift
from sfu.forward.slots import Slot
from sfu.forward.tables import TransportHistory


class Rows:
    """Columns of equal length, an entry for each listener.

    `offsets` and `laters` are added to the source's sequence numbers and timestamps, `shifts` to its picture
    numbers (None: nothing). `kept` is where a slot that has to know it keeps which transport-wide number a
    packet carried (`Slot.sent_number`), None for the others.
    """

    __slots__ = (
        "contexts",
        "handles",
        "histories",
        "kept",
        "laters",
        "offsets",
        "shifts",
        "ssrcs",
        "types",
    )

    def __init__(self) -> None:
        self.contexts: list[Any] = []  # libsrtp's
        self.handles: list[Any] = []  # remotes, as the socket has them
        self.histories: list[TransportHistory] = []  # where the layout has transport-wide numbers
        self.kept: list[array[int] | None] = []
        self.laters: list[int] = []
        self.offsets: list[int] = []
        self.shifts: list[Shift | None] = []
        self.ssrcs: list[int] = []
        self.types: list[int] = []

    def __len__(self) -> int:
        return len(self.contexts)

    def append(self, slot: Slot, offset: int, shift: Shift) -> None:
        """A listener whose packets map so."""
        self.contexts.append(slot.context)
        self.handles.append(slot.remote)
        if slot.transport is not None:
            self.histories.append(slot.transport)
        self.kept.append(slot.sent_numbers)
        self.laters.append(slot.timestamp_offset)
        self.offsets.append(offset)
        self.shifts.append(None if shift == NO_SHIFT else shift)
        self.ssrcs.append(slot.ssrc)
        self.types.append(slot.payload_type)

    def delete(self, place: int) -> None:
        """Forget the listener at this place."""
        for name in self.__slots__:
            del getattr(self, name)[place : place + 1]

    def part(self, first: int, end: int) -> Rows:
        """Some of them."""
        made = Rows()
        for name in self.__slots__:
            setattr(made, name, getattr(self, name)[first:end])
        return made


def row(slot: Slot, offset: int, shift: Shift) -> Rows:
    """One listener whose packets map so."""
    made = Rows()
    made.append(slot, offset, shift)
    return made
