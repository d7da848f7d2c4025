"""The tables: accounts, servers, zones and what belongs to them.

Everything that is stored for longer than a process lives is declared here, and nothing else: rules
stand in `users`, `servers` and `zones`. Ids are UUIDs in their text form, times are aware UTC,
coordinates are map px. A change here needs a migration beside it (a test compares both).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Text,
    TypeDecorator,
    Uuid,
    false,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

UuidText = Uuid(as_uuid=False)
Json = JSON().with_variant(JSONB(), "postgresql")


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC time on both databases (SQLite keeps no time zone)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("a stored time needs its time zone")
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """The root of every table. Constraint names are fixed, so that a migration can drop them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


def _owned_by(column: str) -> ForeignKey:
    """A foreign key whose row goes when the one that it belongs to goes."""
    return ForeignKey(column, ondelete="CASCADE")


class User(Base):
    """An account. `username_key` is the form that is compared (see `world.storage.names`)."""

    __tablename__ = "users"

    id: Mapped[str] = mapped_column(UuidText, primary_key=True)
    username: Mapped[str] = mapped_column(String(64))
    username_key: Mapped[str] = mapped_column(String(128), unique=True)
    display_name: Mapped[str] = mapped_column(String(64))
    password_hash: Mapped[str] = mapped_column(String(256))
    avatar: Mapped[str] = mapped_column(String(32))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class LoginSession(Base):
    """A login. Only the SHA-256 of the cookie's token is kept: a stolen database opens no account."""

    __tablename__ = "sessions"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[str] = mapped_column(UuidText, _owned_by("users.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class Server(Base):
    """A community's world. `map_config`: {map, width, height, spawns: [{name, x, y}]} in px. `region`: whose
    media workers are taken first; empty: those of the world node."""

    __tablename__ = "servers"
    __table_args__ = (CheckConstraint("access IN ('public', 'invite')", name="access"),)

    id: Mapped[str] = mapped_column(UuidText, primary_key=True)
    owner_id: Mapped[str] = mapped_column(UuidText, _owned_by("users.id"), index=True)
    name: Mapped[str] = mapped_column(String(64))
    map_config: Mapped[dict[str, Any]] = mapped_column(Json)
    access: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    region: Mapped[str] = mapped_column(String(64), default="", server_default="")


class Membership(Base):
    """User → MemberOf → Server, with the last position there (px of the map), if any."""

    __tablename__ = "memberships"
    __table_args__ = (CheckConstraint("role IN ('owner', 'admin', 'moderator', 'member')", name="role"),)

    server_id: Mapped[str] = mapped_column(UuidText, _owned_by("servers.id"), primary_key=True)
    user_id: Mapped[str] = mapped_column(UuidText, _owned_by("users.id"), primary_key=True, index=True)
    role: Mapped[str] = mapped_column(String(16))
    joined_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_x: Mapped[float | None] = mapped_column(Float)
    last_y: Mapped[float | None] = mapped_column(Float)


class Zone(Base):
    """An area of a server's map. `bounds`: {x, y, width, height} in px.

    `position` keeps the order of creation. `meeting_id` is the secret in the room's link. A `silent` zone is
    PUBLIC by its `type`: so the release before reads it, which knows two types.
    """

    __tablename__ = "zones"
    __table_args__ = (
        CheckConstraint("type IN ('PUBLIC', 'PRIVATE')", name="type"),
        CheckConstraint("capacity IS NULL OR capacity > 0", name="capacity"),
    )

    id: Mapped[str] = mapped_column(UuidText, primary_key=True)
    server_id: Mapped[str] = mapped_column(UuidText, _owned_by("servers.id"), index=True)
    name: Mapped[str] = mapped_column(String(64))
    type: Mapped[str] = mapped_column(String(16))
    bounds: Mapped[dict[str, float]] = mapped_column(Json)
    meeting_id: Mapped[str] = mapped_column(String(64), unique=True)
    silent: Mapped[bool] = mapped_column(Boolean, server_default=false())
    capacity: Mapped[int | None] = mapped_column(Integer)
    locked: Mapped[bool] = mapped_column(Boolean)
    position: Mapped[int] = mapped_column(Integer)


class Invite(Base):
    """A link that lets its holder join. `uses_left` null: as often as one likes."""

    __tablename__ = "invites"

    token: Mapped[str] = mapped_column(String(64), primary_key=True)
    server_id: Mapped[str] = mapped_column(UuidText, _owned_by("servers.id"), index=True)
    created_by: Mapped[str] = mapped_column(UuidText, _owned_by("users.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    uses_left: Mapped[int | None] = mapped_column(Integer)


class Ban(Base):
    """This user may not join this server (again)."""

    __tablename__ = "bans"

    server_id: Mapped[str] = mapped_column(UuidText, _owned_by("servers.id"), primary_key=True)
    user_id: Mapped[str] = mapped_column(UuidText, _owned_by("users.id"), primary_key=True)
    reason: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ChatLine(Base):
    """A line of chat that is kept. The id sorts by time; `channel` is `world.chat.rules.Channel.key`.

    `user_id` may be a guest's, hence no foreign key; lines of a zone go with the zone.
    """

    __tablename__ = "chat_lines"
    __table_args__ = (Index("ix_chat_lines_channel", "server_id", "channel", "id"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    server_id: Mapped[str] = mapped_column(UuidText, _owned_by("servers.id"))
    channel: Mapped[str] = mapped_column(String(140))
    zone_id: Mapped[str | None] = mapped_column(UuidText, _owned_by("zones.id"), index=True)
    user_id: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(64))
    text: Mapped[str] = mapped_column(Text)
    file_id: Mapped[str | None] = mapped_column(String(32))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class ChatReaction(Base):
    """Somebody's sign at a line."""

    __tablename__ = "chat_reactions"

    line_id: Mapped[str] = mapped_column(String(32), _owned_by("chat_lines.id"), primary_key=True)
    user_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    reaction: Mapped[str] = mapped_column(String(16), primary_key=True)


class ChatMark(Base):
    """Up to which line somebody has read a channel; of direct talks also that there is one."""

    __tablename__ = "chat_marks"

    server_id: Mapped[str] = mapped_column(UuidText, _owned_by("servers.id"), primary_key=True)
    user_id: Mapped[str] = mapped_column(UuidText, _owned_by("users.id"), primary_key=True, index=True)
    channel: Mapped[str] = mapped_column(String(140), primary_key=True)
    read_id: Mapped[str] = mapped_column(String(32))


class ChatFile(Base):
    """A file of the chat; its bytes are in the data folder. `line_id` null: not said yet."""

    __tablename__ = "chat_files"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    server_id: Mapped[str] = mapped_column(UuidText, _owned_by("servers.id"), index=True)
    user_id: Mapped[str] = mapped_column(String(64))
    channel: Mapped[str] = mapped_column(String(140))
    name: Mapped[str] = mapped_column(String(200))
    type: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(BigInteger)
    line_id: Mapped[str | None] = mapped_column(String(32), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
