"""When a room takes nobody more: the rule of `locked` and `capacity`. Pure."""

from __future__ import annotations

from collections.abc import Collection

from signaling.messages import Role
from world.records import ZoneRecord

# Who runs the place comes into a locked room; a full one is full for everybody.
OPENS_LOCKS = frozenset({"owner", "admin"})


def room_refusal(
    zone: ZoneRecord, user_id: str, role: Role, inside: Collection[str]
) -> tuple[str, str] | None:
    """Why this user cannot come in: (code, message), or None. Who is inside already stays."""
    if user_id in inside:
        return None
    if zone.locked and role not in OPENS_LOCKS:
        return "room_locked", f"{zone.name} is locked at the moment."
    if zone.capacity is not None and len(inside) >= zone.capacity:
        return "room_full", f"{zone.name} is full ({zone.capacity} people)."
    return None
