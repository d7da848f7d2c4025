"""When a private room takes nobody more: the rule of `locked` and `capacity`. Pure.

One rule for every way in: a meeting link, a ticket, a walk through the door, a return to the last place.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal, NamedTuple, get_args

from signaling.messages import Role
from world.records import ZoneRecord

# Who runs the place comes in always: they look after it.
RUNS_THE_PLACE = frozenset({"owner", "admin"})

RoomCode = Literal["room_locked", "room_full"]
ROOM_CODES: frozenset[str] = frozenset(get_args(RoomCode))


class RoomRefusal(NamedTuple):
    """Why somebody cannot come in, as they are told."""

    code: RoomCode
    message: str


def room_refusal(
    zone: ZoneRecord, user_id: str, role: Role, inside: Collection[str], *, expected: bool = False
) -> RoomRefusal | None:
    """Why this user cannot come in, or None. `inside` are the ids of those who are in; they stay.

    `expected`: their connection was lost in this room a moment ago, or somebody inside has let them in. A
    lock keeps out those who come, not those who were in; a place that somebody else has taken is taken.
    """
    if user_id in inside or role in RUNS_THE_PLACE:
        return None
    if zone.locked and not expected:
        return RoomRefusal("room_locked", f"{zone.name} is locked at the moment.")
    if zone.capacity is not None and len(inside) >= zone.capacity:
        return RoomRefusal("room_full", f"{zone.name} is full ({zone.capacity} people).")
    return None
