"""Bans: who may not join a server (again)."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import delete, func, select

from world.storage.clock import Clock, utc_now
from world.storage.database import Database, is_id
from world.storage.models import Ban, Membership, User
from world.storage.servers import StorageRefused

MAX_BANS = 10_000


@dataclass(frozen=True, slots=True)
class BanRecord:
    """Somebody who may not join (again). `at`: seconds since 1970."""

    user_id: str
    username: str
    reason: str
    at: float


@dataclass(slots=True)
class BanStore:
    """Bans in the database."""

    database: Database
    clock: Clock = field(default=utc_now)

    async def add(self, server_id: str, user_id: str, reason: str) -> None:
        """End the membership for good; no effect on the owner.

        Raises:
            StorageRefused: too_many_bans.
        """
        async with self.database.write() as session:
            membership = await session.get(Membership, (server_id, user_id))
            if membership is not None and membership.role == "owner":
                return
            if membership is not None:
                await session.delete(membership)
            if await session.get(Ban, (server_id, user_id)) is not None:
                return
            count = select(func.count()).select_from(Ban).where(Ban.server_id == server_id)
            if (await session.scalar(count) or 0) >= MAX_BANS:
                raise StorageRefused("too_many_bans", f"A server has at most {MAX_BANS} bans.")
            session.add(Ban(server_id=server_id, user_id=user_id, reason=reason, created_at=self.clock()))

    async def lift(self, server_id: str, user_id: str) -> None:
        """Let the user come again. No effect where there is no ban."""
        if is_id(user_id):
            async with self.database.write() as session:
                await session.execute(delete(Ban).where(Ban.server_id == server_id, Ban.user_id == user_id))

    async def all(self, server_id: str) -> list[BanRecord]:
        """Every ban, the newest first."""
        async with self.database.read() as session:
            rows = await session.execute(
                select(Ban, User.username)
                .join(User, User.id == Ban.user_id)
                .where(Ban.server_id == server_id)
                .order_by(Ban.created_at.desc(), Ban.user_id)
            )
            return [
                BanRecord(ban.user_id, username, ban.reason, ban.created_at.timestamp())
                for ban, username in rows
            ]

    async def is_banned(self, server_id: str, user_id: str) -> bool:
        """Whether this user may not join (again)."""
        async with self.database.read() as session:
            return await session.get(Ban, (server_id, user_id)) is not None
