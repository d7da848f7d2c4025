"""Login sessions: kept by the server, revocable, rolling.

A browser holds a random token (256 bits); the database holds its SHA-256. Every use moves the end of
a session on, but the row is written at most once a day.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update

from world.storage.clock import Clock, utc_now
from world.storage.database import Database
from world.storage.models import LoginSession, User
from world.storage.users import Account, account_of

# A use within so long of the last one moves the end no further.
ROLL_AFTER = timedelta(days=1)
MAX_PER_USER = 50
TOKEN_CHARS = 43


@dataclass(frozen=True, slots=True)
class Login:
    """Somebody who is logged in. `session` names the login without opening it."""

    account: Account
    session: str
    expires_at: datetime
    # The end was just moved on: the cookie should be sent anew.
    rolled: bool = False


@dataclass(slots=True)
class SessionStore:
    """Login sessions in the database."""

    database: Database
    lifetime: timedelta = timedelta(days=30)
    clock: Clock = field(default=utc_now)

    async def open(self, user_id: str, password_hash: str | None = None) -> tuple[str, datetime]:
        """A new session: (token for the cookie, when it ends). Drops what has ended, and the oldest
        of this user above MAX_PER_USER.

        Raises LookupError where the user's password has another hash than that which was proven: whoever
        changes it ends all sessions, and none may be opened by the old one after that.
        """
        token = secrets.token_urlsafe(32)
        now = self.clock()
        ends = now + self.lifetime
        async with self.database.write() as session:
            if password_hash is not None:
                user = await session.get(User, user_id, with_for_update=True)
                if user is None or user.password_hash != password_hash:
                    raise LookupError("the password was changed")
            await session.execute(delete(LoginSession).where(LoginSession.expires_at <= now))
            surplus = (
                select(LoginSession.token_hash)
                .where(LoginSession.user_id == user_id)
                .order_by(LoginSession.expires_at.desc())
                .offset(MAX_PER_USER - 1)
            )
            old = (await session.scalars(surplus)).all()
            if old:
                await session.execute(delete(LoginSession).where(LoginSession.token_hash.in_(old)))
            session.add(
                LoginSession(token_hash=_hash(token), user_id=user_id, created_at=now, expires_at=ends)
            )
        return token, ends

    async def find(self, token: str) -> Login | None:
        """Who holds this token; None when it is nobody's, revoked or over."""
        if not 0 < len(token) <= TOKEN_CHARS:
            return None
        name = _hash(token)
        now = self.clock()
        async with self.database.read() as session:
            row = (
                await session.execute(
                    select(LoginSession, User)
                    .join(User, User.id == LoginSession.user_id)
                    .where(LoginSession.token_hash == name, LoginSession.expires_at > now)
                )
            ).one_or_none()
        if row is None:
            return None
        login, user = row
        ends = now + self.lifetime
        rolled = ends - login.expires_at >= ROLL_AFTER
        if rolled:
            async with self.database.write() as session:
                await session.execute(
                    update(LoginSession).where(LoginSession.token_hash == name).values(expires_at=ends)
                )
        return Login(account_of(user), name, ends if rolled else login.expires_at, rolled)

    async def end(self, session_name: str) -> None:
        """End the session that `Login.session` names. Idempotent."""
        async with self.database.write() as session:
            await session.execute(delete(LoginSession).where(LoginSession.token_hash == session_name))

    async def end_others(self, user_id: str, kept: str = "") -> list[str]:
        """End all sessions of a user, but `kept` where one is named: the names of those that ended."""
        others = LoginSession.user_id == user_id, LoginSession.token_hash != kept
        async with self.database.write() as session:
            ended = list((await session.scalars(select(LoginSession.token_hash).where(*others))).all())
            await session.execute(delete(LoginSession).where(*others))
        return ended


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
