"""The chat in the database: lines, reactions, and how far everybody has read.

Who may ask is decided elsewhere (`world.chat.rules`). Pages go backwards from a line; every answer has a
bound. What is too old, or too far back in its channel, is pruned.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import cast

from sqlalchemy import case, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from signaling.messages import ChatFileInfo, Emote
from world.chat.archive import Line
from world.chat.rules import Channel, channel_of, first_id_at
from world.storage.clock import Clock, utc_now
from world.storage.database import Database, is_id
from world.storage.models import ChatFile, ChatLine, ChatMark, ChatReaction, Membership, User

MAX_PAGE = 100
# Unread lines are counted up to here: more is "many".
MAX_UNREAD = 100
# Direct talks in a list, the latest first.
MAX_DIRECTS = 50
# Reactions of all people at one line.
MAX_REACTIONS = 500
# The channel of a file whose line was taken back: none, so that nobody may read it.
NOBODYS = "gone"


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is kept: of one channel so many lines, and nothing for longer than so many days."""

    lines: int = 5000
    days: float = 365.0


@dataclass(frozen=True, slots=True)
class KeptLine:
    """A line as it is read back: each reaction with how many show it, and whether the reader does."""

    line: Line
    reactions: tuple[tuple[Emote, int, bool], ...]


@dataclass(frozen=True, slots=True)
class Talk:
    """A channel as one reader has it. `other` is the person of a direct talk: (name, avatar)."""

    channel: Channel
    last_id: str | None
    unread: int
    other: tuple[str, str] | None = None


@dataclass(slots=True)
class ChatStore:
    """Lines, reactions and marks."""

    database: Database
    limits: Limits = field(default_factory=Limits)
    clock: Clock = field(default=utc_now)

    # --- writing -----------------------------------------------------------------------------------

    async def add(self, lines: Sequence[Line]) -> None:
        """Write lines down. Those whose server or zone is gone are left out."""
        try:
            async with self.database.write() as session:
                await self._add(session, lines)
        except IntegrityError:
            if len(lines) == 1:
                return
            for line in lines:
                await self.add([line])

    async def _add(self, session: AsyncSession, lines: Sequence[Line]) -> None:
        for line in lines:
            session.add(
                ChatLine(
                    id=line.id,
                    server_id=line.server_id,
                    channel=line.channel.key,
                    zone_id=line.channel.zone_id,
                    user_id=line.user_id,
                    name=line.name,
                    text=line.text,
                    file_id=line.file.id if line.file is not None else None,
                    created_at=datetime.fromtimestamp(line.at / 1000, UTC),
                )
            )
        await session.flush()
        # A direct talk is listed with both of its people from its first line on.
        for line in lines:
            for user_id in line.channel.pair or ():
                if is_id(user_id):
                    await self._mark(session, line.server_id, user_id, line.channel.key, "")

    async def _mark(
        self, session: AsyncSession, server_id: str, user_id: str, channel: str, read_id: str
    ) -> None:
        make = postgresql.insert if self.database.backend == "postgresql" else sqlite.insert
        row = {"server_id": server_id, "user_id": user_id, "channel": channel, "read_id": read_id}
        statement = make(ChatMark).values(row)
        keys = ["server_id", "user_id", "channel"]
        if read_id:
            further = statement.excluded.read_id > ChatMark.read_id
            await session.execute(
                statement.on_conflict_do_update(index_elements=keys, set_={"read_id": read_id}, where=further)
            )
        else:
            await session.execute(statement.on_conflict_do_nothing(index_elements=keys))

    async def mark_read(
        self, server_id: str, user_id: str, channel: Channel, line_id: str, begin: bool = True
    ) -> None:
        """The user has read this channel up to this line. An older mark does not replace a newer one.

        `begin`: also where they had none yet.
        """
        async with self.database.write() as session:
            if not begin and await session.get(ChatMark, (server_id, user_id, channel.key)) is None:
                return
            await self._mark(session, server_id, user_id, channel.key, line_id)

    async def react(self, line_id: str, user_id: str, reaction: Emote, on: bool) -> int | None:
        """See ChatArchive."""
        async with self.database.write() as session:
            if await session.get(ChatLine, line_id) is None:
                return None
            row = await session.get(ChatReaction, (line_id, user_id, reaction))
            all_of = select(func.count()).select_from(ChatReaction).where(ChatReaction.line_id == line_id)
            if on and row is None:
                if (await session.scalar(all_of) or 0) >= MAX_REACTIONS:
                    return None
                session.add(ChatReaction(line_id=line_id, user_id=user_id, reaction=reaction))
            elif not on and row is not None:
                await session.delete(row)
            await session.flush()
            return await session.scalar(all_of.where(ChatReaction.reaction == reaction)) or 0

    async def forget(self, line_id: str) -> None:
        """Delete a line with its reactions. Its file is nobody's at once; until a sweep has deleted the
        bytes it counts against the quota."""
        async with self.database.write() as session:
            await session.execute(update(ChatFile).where(ChatFile.line_id == line_id).values(channel=NOBODYS))
            await session.execute(delete(ChatLine).where(ChatLine.id == line_id))

    # --- reading -----------------------------------------------------------------------------------

    async def line(self, server_id: str, line_id: str) -> Line | None:
        """A line of this server."""
        async with self.database.read() as session:
            row = await session.get(ChatLine, line_id)
            if row is None or row.server_id != server_id:
                return None
            file = await session.get(ChatFile, row.file_id) if row.file_id is not None else None
            return _line(row, file)

    async def page(
        self, server_id: str, channel: Channel, reader: str, before: str | None, limit: int
    ) -> tuple[list[KeptLine], bool]:
        """The last `limit` lines `before` this one (None: the newest), oldest first; are there more?"""
        limit = max(1, min(limit, MAX_PAGE))
        wanted = select(ChatLine, ChatFile).outerjoin(ChatFile, ChatFile.id == ChatLine.file_id)
        wanted = wanted.where(ChatLine.server_id == server_id, ChatLine.channel == channel.key)
        if before is not None:
            wanted = wanted.where(ChatLine.id < before)
        async with self.database.read() as session:
            rows = (await session.execute(wanted.order_by(ChatLine.id.desc()).limit(limit + 1))).all()
            lines = [_line(row, file) for row, file in reversed(rows[:limit])]
            signs = await self._reactions(session, [line.id for line in lines], reader)
        return [KeptLine(line, tuple(signs.get(line.id, ()))) for line in lines], len(rows) > limit

    async def _reactions(
        self, session: AsyncSession, lines: list[str], reader: str
    ) -> dict[str, list[tuple[Emote, int, bool]]]:
        found: dict[str, list[tuple[Emote, int, bool]]] = {}
        if not lines:
            return found
        mine = func.max(case((ChatReaction.user_id == reader, 1), else_=0))
        counted = (
            select(ChatReaction.line_id, ChatReaction.reaction, func.count(), mine)
            .where(ChatReaction.line_id.in_(lines))
            .group_by(ChatReaction.line_id, ChatReaction.reaction)
            .order_by(ChatReaction.line_id, ChatReaction.reaction)
        )
        for line_id, reaction, count, own in await session.execute(counted):
            found.setdefault(line_id, []).append((cast(Emote, reaction), count, bool(own)))
        return found

    async def talks(self, server_id: str, user_id: str, channels: Iterable[Channel]) -> list[Talk]:
        """These channels and the user's direct talks, each with what is unread."""
        async with self.database.read() as session:
            membership = await session.get(Membership, (server_id, user_id))
            since = (
                first_id_at(int(membership.joined_at.timestamp() * 1000)) if membership is not None else ""
            )
            rows = await session.execute(
                select(ChatMark.channel, ChatMark.read_id).where(
                    ChatMark.server_id == server_id, ChatMark.user_id == user_id
                )
            )
            marks = {row.channel: row.read_id for row in rows}
            talks = [
                await self._talk(session, server_id, user_id, channel, marks.get(channel.key) or since)
                for channel in channels
            ]
            directs = await self._directs(session, server_id, user_id, marks)
            return talks + directs

    async def _directs(
        self, session: AsyncSession, server_id: str, user_id: str, marks: dict[str, str]
    ) -> list[Talk]:
        keys = [key for key in marks if key.startswith("direct:")]
        latest = (
            select(ChatLine.channel, func.max(ChatLine.id))
            .where(ChatLine.server_id == server_id, ChatLine.channel.in_(keys))
            .group_by(ChatLine.channel)
            .order_by(func.max(ChatLine.id).desc())
            .limit(MAX_DIRECTS)
        )
        found: list[Talk] = []
        for key, _ in (await session.execute(latest)).all():
            channel = channel_of(key)
            other = await session.get(User, channel.told_to(user_id)) if channel is not None else None
            if channel is not None and other is not None:
                talk = await self._talk(session, server_id, user_id, channel, marks[key])
                found.append(Talk(channel, talk.last_id, talk.unread, (other.display_name, other.avatar)))
        return found

    async def _talk(
        self, session: AsyncSession, server_id: str, user_id: str, channel: Channel, read: str
    ) -> Talk:
        of_it = (ChatLine.server_id == server_id, ChatLine.channel == channel.key)
        last = await session.scalar(select(func.max(ChatLine.id)).where(*of_it))
        if last is None or last <= read:
            return Talk(channel, last, 0)
        fresh = select(ChatLine.id).where(*of_it, ChatLine.id > read, ChatLine.user_id != user_id)
        unread = await session.scalar(select(func.count()).select_from(fresh.limit(MAX_UNREAD).subquery()))
        return Talk(channel, last, unread or 0)

    # --- bounds ------------------------------------------------------------------------------------

    async def prune(self, server_id: str, channel: Channel) -> None:
        """Keep the newest lines of a channel only."""
        of_it = (ChatLine.server_id == server_id, ChatLine.channel == channel.key)
        async with self.database.write() as session:
            oldest_kept = await session.scalar(
                select(ChatLine.id)
                .where(*of_it)
                .order_by(ChatLine.id.desc())
                .offset(self.limits.lines - 1)
                .limit(1)
            )
            if oldest_kept is not None:
                await session.execute(delete(ChatLine).where(*of_it, ChatLine.id < oldest_kept))

    async def prune_old(self) -> None:
        """Delete what is older than the limit, on every server."""
        async with self.database.write() as session:
            before = self.clock() - timedelta(days=self.limits.days)
            await session.execute(delete(ChatLine).where(ChatLine.created_at < before))

    async def take_file(
        self, file_id: str, server_id: str, user_id: str, channel: Channel, line_id: str
    ) -> ChatFileInfo | None:
        """See ChatArchive."""
        async with self.database.write() as session:
            taken = await session.execute(
                update(ChatFile)
                .where(
                    ChatFile.id == file_id,
                    ChatFile.server_id == server_id,
                    ChatFile.user_id == user_id,
                    ChatFile.channel == channel.key,
                    ChatFile.line_id.is_(None),
                )
                .values(line_id=line_id)
                .returning(ChatFile.name, ChatFile.type, ChatFile.size)
            )
            row = taken.first()
        return ChatFileInfo(file_id, row.name, row.type, row.size) if row is not None else None


def _line(row: ChatLine, file: ChatFile | None) -> Line:
    channel = channel_of(row.channel)
    assert channel is not None, row.channel
    info = ChatFileInfo(file.id, file.name, file.type, file.size) if file is not None else None
    at = int(row.created_at.timestamp() * 1000)
    return Line(row.id, row.server_id, channel, row.user_id, row.name, row.text, at, info)
