"""Rows of the database as the plain records that leave storage, and back. No queries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from signaling.messages import Bounds, ZoneType
from world.records import ServerRecord, Spawn, ZoneRecord
from world.storage.models import Server, Zone


def bounds_to_json(bounds: Bounds) -> dict[str, float]:
    """The stored form of bounds."""
    return {"x": bounds.x, "y": bounds.y, "width": bounds.width, "height": bounds.height}


def zone_record(zone: Zone) -> ZoneRecord:
    """The record of a row."""
    return ZoneRecord(
        id=zone.id,
        server_id=zone.server_id,
        name=zone.name,
        type="SILENT" if zone.silent else "PRIVATE" if zone.type == "PRIVATE" else "PUBLIC",
        bounds=Bounds(**zone.bounds),
        meeting_id=zone.meeting_id,
        capacity=zone.capacity,
        locked=zone.locked,
    )


def type_values(kind: ZoneType) -> dict[str, Any]:
    """The columns that say a zone's type."""
    return {"type": "PRIVATE" if kind == "PRIVATE" else "PUBLIC", "silent": kind == "SILENT"}


def server_record(server: Server, zones: Sequence[Zone]) -> ServerRecord:
    """The record of a row and its zones."""
    return ServerRecord(
        id=server.id,
        owner_id=server.owner_id,
        name=server.name,
        map_name=server.map_config["map"],
        access=server.access,
        zones=tuple(zone_record(zone) for zone in zones),
        spawns=tuple(Spawn(**spawn) for spawn in server.map_config["spawns"]),
        region=server.region,
    )
