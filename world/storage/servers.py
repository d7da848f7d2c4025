"""Servers and who belongs to them: create, find, change, join, leave.

A server is made from a map in one transaction with its zones and spawn points. Who may do what is
decided by the callers in `world.api` (roles); what must hold for the data is decided here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from signaling.messages import Role
from signaling.tickets import new_meeting_id
from world.records import Member, ServerRecord
from world.storage import names
from world.storage.clock import Clock, utc_now
from world.storage.database import Database, is_id, new_id
from world.storage.map_library import MapChoice
from world.storage.models import Ban, Membership, Server, User, Zone
from world.storage.rows import bounds_to_json, server_record, type_values

Access = Literal["public", "invite"]
MAX_SERVERS_PER_OWNER = 50
MAX_MEMBERS = 10_000


class StorageRefused(Exception):
    """What was asked breaks a rule of the data. `code` for programs, `message` for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class MyServer:
    """A server as its member sees it in a list."""

    id: str
    owner_id: str
    name: str
    map_name: str
    access: str
    role: Role
    members: int
    region: str


@dataclass(slots=True)
class ServerStore:
    """Servers and memberships in the database. It is also the `Directory` of `world.running.directory`."""

    database: Database
    clock: Clock = field(default=utc_now)

    async def create(
        self, owner_id: str, name: str, game_map: MapChoice, access: Access, region: str = ""
    ) -> ServerRecord:
        """A new server with the map's zones; the owner is its first member.

        Raises:
            BadField: the name breaks its rule.
            StorageRefused: too_many_servers.
        """
        called = names.label("name", name, "A server")
        now = self.clock()
        server = Server(
            id=new_id(),
            owner_id=owner_id,
            name=called,
            map_config=_map_config(game_map),
            access=access,
            created_at=now,
            region=region,
        )
        zones = [
            Zone(
                id=new_id(),
                server_id=server.id,
                name=zone.name,
                **type_values(zone.type),
                bounds=bounds_to_json(zone.bounds),
                meeting_id=new_meeting_id(),
                capacity=None,
                locked=False,
                position=position,
            )
            for position, zone in enumerate(game_map.zones)
        ]
        async with self.database.write() as session:
            owned = select(func.count()).select_from(Server).where(Server.owner_id == owner_id)
            if (await session.scalar(owned) or 0) >= MAX_SERVERS_PER_OWNER:
                raise StorageRefused(
                    "too_many_servers", f"One person has at most {MAX_SERVERS_PER_OWNER} servers."
                )
            session.add(server)
            # Rows that refer to the server come after it; without relationships the unit of work
            # does not know that by itself.
            await session.flush()
            session.add_all(zones)
            session.add(Membership(server_id=server.id, user_id=owner_id, role="owner", joined_at=now))
        return server_record(server, zones)

    async def server(self, server_id: str) -> ServerRecord | None:
        """The server with its zones and spawns."""
        if not is_id(server_id):
            return None
        async with self.database.read() as session:
            server = await session.get(Server, server_id)
            if server is None:
                return None
            zones = await session.scalars(
                select(Zone).where(Zone.server_id == server_id).order_by(Zone.position, Zone.id)
            )
            return server_record(server, zones.all())

    async def mine(self, user_id: str) -> list[MyServer]:
        """The servers that the user belongs to, by name."""
        counted = (
            select(Membership.server_id, func.count().label("members"))
            .group_by(Membership.server_id)
            .subquery()
        )
        async with self.database.read() as session:
            rows = await session.execute(
                select(Server, Membership.role, counted.c.members)
                .join(Membership, Membership.server_id == Server.id)
                .join(counted, counted.c.server_id == Server.id)
                .where(Membership.user_id == user_id)
                .order_by(func.lower(Server.name), Server.id)
            )
            return [
                MyServer(
                    server.id,
                    server.owner_id,
                    server.name,
                    server.map_config["map"],
                    server.access,
                    _role(role),
                    members,
                    server.region,
                )
                for server, role, members in rows
            ]

    async def change(
        self, server_id: str, name: str | None, access: Access | None, region: str | None = None
    ) -> None:
        """Change what is not None. Raises BadField."""
        values: dict[str, str] = {}
        if name is not None:
            values["name"] = names.label("name", name, "A server")
        if access is not None:
            values["access"] = access
        if region is not None:
            values["region"] = region
        if values:
            async with self.database.write() as session:
                await session.execute(update(Server).where(Server.id == server_id).values(**values))

    async def delete(self, server_id: str) -> None:
        """Delete the server with everything that belongs to it."""
        async with self.database.write() as session:
            await session.execute(delete(Server).where(Server.id == server_id))

    # --- members ---------------------------------------------------------------------------------

    async def member(self, server_id: str, user_id: str) -> Member | None:
        """The user's membership; None for strangers (and for guests, who have no account)."""
        if not (is_id(server_id) and is_id(user_id)):
            return None
        found = await self._members(server_id, user_id)
        return found[0] if found else None

    async def members(self, server_id: str) -> list[Member]:
        """Everybody, the owner first, then in the order of joining (at most MAX_MEMBERS)."""
        return await self._members(server_id, None)

    async def _members(self, server_id: str, user_id: str | None) -> list[Member]:
        query = (
            select(Membership, User)
            .join(User, User.id == Membership.user_id)
            .where(Membership.server_id == server_id)
            .order_by((Membership.role != "owner"), Membership.joined_at, User.id)
        )
        if user_id is not None:
            query = query.where(Membership.user_id == user_id)
        async with self.database.read() as session:
            rows = await session.execute(query)
            return [
                Member(
                    user.id,
                    user.username,
                    user.display_name,
                    user.avatar,
                    _role(membership.role),
                    membership.last_x,
                    membership.last_y,
                )
                for membership, user in rows
            ]

    async def count_members(self, server_id: str) -> int:
        """How many belong to the server."""
        async with self.database.read() as session:
            return await _count_members(session, server_id)

    async def join(self, server_id: str, user_id: str) -> None:
        """Make the user a member; no effect on one who is.

        Raises:
            StorageRefused: banned, or server_full.
        """
        async with self.database.write() as session:
            await add_member(session, server_id, user_id, self.clock)

    async def set_role(self, server_id: str, user_id: str, role: Role) -> None:
        """Give a member another role; the owner's stays."""
        async with self.database.write() as session:
            await session.execute(
                update(Membership)
                .where(
                    Membership.server_id == server_id,
                    Membership.user_id == user_id,
                    Membership.role != "owner",
                )
                .values(role=role)
            )

    async def leave(self, server_id: str, user_id: str) -> None:
        """End the membership. No effect on a stranger.

        Raises:
            StorageRefused: owner_stays.
        """
        async with self.database.write() as session:
            membership = await session.get(Membership, (server_id, user_id))
            if membership is None:
                return
            if membership.role == "owner":
                raise StorageRefused("owner_stays", "The owner cannot leave; delete the server instead.")
            await session.delete(membership)

    async def save_position(self, server_id: str, user_id: str, x: float, y: float) -> None:
        """Where a member stood last (px). Nothing is kept of guests and devices."""
        if not (is_id(server_id) and is_id(user_id)):
            return
        async with self.database.write() as session:
            await session.execute(
                update(Membership)
                .where(Membership.server_id == server_id, Membership.user_id == user_id)
                .values(last_x=x, last_y=y)
            )


async def add_member(session: AsyncSession, server_id: str, user_id: str, clock: Clock) -> bool:
    """Make the user a member within a transaction; False when they are one already.

    Raises StorageRefused (banned, server_full, server_unknown).
    """
    if await session.get(Membership, (server_id, user_id)) is not None:
        return False
    if await session.get(Ban, (server_id, user_id)) is not None:
        raise StorageRefused("banned", "You cannot join this server.")
    if await _count_members(session, server_id) >= MAX_MEMBERS:
        raise StorageRefused("server_full", "This server has no place for another member.")
    try:
        async with session.begin_nested():
            session.add(Membership(server_id=server_id, user_id=user_id, role="member", joined_at=clock()))
    except IntegrityError:
        # The same person joined in another tab at this moment, or the server has just been deleted.
        if await session.get(Server, server_id, populate_existing=True) is None:
            raise StorageRefused("server_unknown", "There is no such server.") from None
        return False
    return True


async def _count_members(session: AsyncSession, server_id: str) -> int:
    query = select(func.count()).select_from(Membership).where(Membership.server_id == server_id)
    return await session.scalar(query) or 0


def _map_config(game_map: MapChoice) -> dict[str, Any]:
    spawns = [{"name": spawn.name, "x": spawn.x, "y": spawn.y} for spawn in game_map.spawns]
    return {"map": game_map.name, "width": game_map.width, "height": game_map.height, "spawns": spawns}


def _role(stored: str) -> Role:
    roles: dict[str, Role] = {"owner": "owner", "admin": "admin", "moderator": "moderator"}
    return roles.get(stored, "member")
