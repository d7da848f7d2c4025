"""Zones as stored: their places, their types, and the meeting ids that open them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select, update

from signaling.messages import Bounds, ZoneType
from signaling.tickets import new_meeting_id
from world.records import ZoneRecord
from world.storage import names
from world.storage.database import Database, is_id, new_id
from world.storage.models import Server, Zone
from world.storage.names import BadField
from world.storage.rows import bounds_to_json, type_values, zone_record
from world.storage.servers import StorageRefused

MAX_ZONES = 200
MAX_CAPACITY = 1000
# A zone smaller than this (px) cannot be stood in.
MIN_SIDE = 16.0
MEETING_ID_CHARS = 64


@dataclass(frozen=True, slots=True)
class ZoneDraft:
    """What somebody wants a zone to be; None leaves a field as it is (or at its default).

    `capacity` 0 means: without a bound.
    """

    name: str | None = None
    type: ZoneType | None = None
    bounds: Bounds | None = None
    capacity: int | None = None
    locked: bool | None = None


def check_bounds(bounds: Bounds, width: float, height: float) -> None:
    """A zone lies on the map and is large enough to stand in. Raises BadField."""
    if bounds.width < MIN_SIDE or bounds.height < MIN_SIDE:
        raise BadField("bounds", f"A zone is at least {MIN_SIDE:g} px wide and high.")
    if bounds.x < 0 or bounds.y < 0 or bounds.x + bounds.width > width or bounds.y + bounds.height > height:
        raise BadField("bounds", f"The zone does not lie on the map ({width:g} × {height:g} px).")


@dataclass(slots=True)
class ZoneStore:
    """Zones in the database."""

    database: Database

    async def get(self, zone_id: str) -> ZoneRecord | None:
        """The zone of this id."""
        if not is_id(zone_id):
            return None
        async with self.database.read() as session:
            zone = await session.get(Zone, zone_id)
            return None if zone is None else zone_record(zone)

    async def by_meeting(self, meeting_id: str) -> ZoneRecord | None:
        """The zone that this link opens; None for an unknown or a rotated one."""
        if not 0 < len(meeting_id) <= MEETING_ID_CHARS or "\x00" in meeting_id:
            return None
        async with self.database.read() as session:
            zone = await session.scalar(select(Zone).where(Zone.meeting_id == meeting_id))
            return None if zone is None else zone_record(zone)

    async def create(
        self, server_id: str, name: str, type: ZoneType, bounds: Bounds, capacity: int | None, locked: bool
    ) -> ZoneRecord:
        """A new zone with its own meeting id.

        Raises:
            BadField: a field breaks its rule.
            StorageRefused: too_many_zones, server_unknown.
        """
        called = names.label("name", name, "A zone")
        async with self.database.write() as session:
            # The lock orders edits of one server's zones on PostgreSQL: the bound is
            # counted over rows that nobody else is adding to. (SQLite has one writer anyway.)
            server = await session.get(Server, server_id, with_for_update=True)
            if server is None:
                raise StorageRefused("server_unknown", "There is no such server.")
            zones = (await session.scalars(select(Zone).where(Zone.server_id == server_id))).all()
            if len(zones) >= MAX_ZONES:
                raise StorageRefused("too_many_zones", f"A server has at most {MAX_ZONES} zones.")
            check_bounds(bounds, server.map_config["width"], server.map_config["height"])
            zone = Zone(
                id=new_id(),
                server_id=server_id,
                name=called,
                **type_values(type),
                bounds=bounds_to_json(bounds),
                meeting_id=new_meeting_id(),
                capacity=capacity or None,
                locked=locked,
                position=max((zone.position for zone in zones), default=-1) + 1,
            )
            session.add(zone)
        return zone_record(zone)

    async def change(self, zone_id: str, draft: ZoneDraft) -> ZoneRecord | None:
        """Change what the draft names; None when there is no such zone. Raises BadField."""
        async with self.database.write() as session:
            zone = await session.get(Zone, zone_id)
            if zone is None:
                return None
            if draft.bounds is not None:
                server = await session.get(Server, zone.server_id)
                if server is None:
                    return None
                check_bounds(draft.bounds, server.map_config["width"], server.map_config["height"])
            for column, value in _values(draft).items():
                setattr(zone, column, value)
            await session.flush()
            return zone_record(zone)

    async def delete(self, zone_id: str) -> None:
        """Delete the zone; its link opens nothing afterwards."""
        async with self.database.write() as session:
            await session.execute(delete(Zone).where(Zone.id == zone_id))

    async def rotate_meeting(self, zone_id: str) -> str:
        """A new meeting id for the zone; the old one opens nothing from now on."""
        meeting_id = new_meeting_id()
        async with self.database.write() as session:
            await session.execute(update(Zone).where(Zone.id == zone_id).values(meeting_id=meeting_id))
        return meeting_id


def _values(draft: ZoneDraft) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if draft.name is not None:
        values["name"] = names.label("name", draft.name, "A zone")
    if draft.type is not None:
        values |= type_values(draft.type)
    if draft.bounds is not None:
        values["bounds"] = bounds_to_json(draft.bounds)
    if draft.capacity is not None:
        values["capacity"] = draft.capacity or None
    if draft.locked is not None:
        values["locked"] = draft.locked
    return values
