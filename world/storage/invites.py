"""Invitations: links that make their holder a member."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import delete, func, or_, select, update

from world.storage.clock import Clock, utc_now
from world.storage.database import Database
from world.storage.models import Invite, Server
from world.storage.servers import StorageRefused, add_member

TOKEN_CHARS = 64
MAX_INVITES = 200


@dataclass(frozen=True, slots=True)
class InviteRecord:
    """An invitation as stored. `expires_at`, `uses_left` None: without a bound."""

    token: str
    server_id: str
    server_name: str
    expires_at: datetime | None
    uses_left: int | None


@dataclass(slots=True)
class InviteStore:
    """Invitations in the database."""

    database: Database
    clock: Clock = field(default=utc_now)

    async def create(
        self, server_id: str, user_id: str, lifetime: timedelta | None, uses: int | None
    ) -> InviteRecord:
        """A new invitation. Raises StorageRefused (too_many_invites, server_unknown)."""
        now = self.clock()
        async with self.database.write() as session:
            server = await session.get(Server, server_id)
            if server is None:
                raise StorageRefused("server_unknown", "There is no such server.")
            await session.execute(
                delete(Invite).where(
                    Invite.server_id == server_id, or_(Invite.expires_at <= now, Invite.uses_left <= 0)
                )
            )
            count = select(func.count()).select_from(Invite).where(Invite.server_id == server_id)
            if (await session.scalar(count) or 0) >= MAX_INVITES:
                raise StorageRefused(
                    "too_many_invites", f"A server has at most {MAX_INVITES} open invitations."
                )
            invite = Invite(
                token=secrets.token_urlsafe(18),
                server_id=server_id,
                created_by=user_id,
                created_at=now,
                expires_at=None if lifetime is None else now + lifetime,
                uses_left=uses,
            )
            session.add(invite)
        return InviteRecord(invite.token, server_id, server.name, invite.expires_at, invite.uses_left)

    async def find(self, token: str) -> InviteRecord | None:
        """The invitation; None when it is unknown, over or used up."""
        if not 0 < len(token) <= TOKEN_CHARS or "\x00" in token:
            return None
        async with self.database.read() as session:
            row = (
                await session.execute(
                    select(Invite, Server.name)
                    .join(Server, Server.id == Invite.server_id)
                    .where(Invite.token == token)
                )
            ).one_or_none()
        if row is None:
            return None
        invite, name = row
        if (invite.expires_at is not None and invite.expires_at <= self.clock()) or invite.uses_left == 0:
            return None
        return InviteRecord(invite.token, invite.server_id, name, invite.expires_at, invite.uses_left)

    async def accept(self, token: str, server_id: str, user_id: str) -> None:
        """Make the user a member by this invitation; no use is spent on one who is already.

        Raises:
            StorageRefused: invite_invalid, banned, server_full.
        """
        invite = await self.find(token)
        if invite is None or invite.server_id != server_id:
            raise _invalid()
        async with self.database.write() as session:
            if not await add_member(session, server_id, user_id, self.clock):
                return
            if invite.uses_left is not None:
                spent = await session.execute(
                    update(Invite)
                    .where(Invite.token == token, Invite.uses_left > 0)
                    .values(uses_left=Invite.uses_left - 1)
                    .returning(Invite.token)
                )
                # Somebody else took the last use meanwhile: the membership is rolled back.
                if spent.one_or_none() is None:
                    raise _invalid()


def _invalid() -> StorageRefused:
    return StorageRefused("invite_invalid", "This invitation is not valid (any more). Ask for a new one.")
