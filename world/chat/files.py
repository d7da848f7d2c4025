"""Files of the chat: bytes in the data folder, everything else in the database.

A file is uploaded for one channel and belongs to its uploader until a line says it. Only pictures of the
four types that browsers show safely keep their type, and that is read from their bytes; everything else is
`application/octet-stream`, to be saved and never shown. Names are for people: the stored name is the id.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import re
import secrets
import unicodedata
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from signaling.messages import ChatFileInfo
from world.chat.rules import Channel, channel_of
from world.storage.clock import Clock, utc_now
from world.storage.database import Database
from world.storage.models import ChatFile, ChatLine, Server

OCTETS = "application/octet-stream"
MAX_NAME_CHARS = 120
# A file that was uploaded and never said goes after this.
UNSAID = timedelta(hours=1)
SWEEP_BATCH = 500
DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
_ID = re.compile(r"[0-9a-f]{32}")

log = logging.getLogger("atrium.chat")


class FileRefused(Exception):
    """Why a file is not taken. `code`: file_too_large (`figure`: MB of the largest), quota_reached,
    empty_file, storage_full."""

    def __init__(self, code: str, message: str, figure: float | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.figure = figure


@dataclass(frozen=True, slots=True)
class FileLimits:
    """Bytes: of one file, of one person's files on a server, of all files of a server."""

    file: int = 10 * 1024 * 1024
    user: int = 200 * 1024 * 1024
    server: int = 2 * 1024 * 1024 * 1024

    def too_large(self) -> FileRefused:
        """Why a larger file than `file` is not taken."""
        megabytes = self.file / 1024 / 1024
        return FileRefused("file_too_large", f"A file has at most {megabytes:g} MB here.", megabytes)


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file with where it belongs. `said`: a line has it."""

    info: ChatFileInfo
    server_id: str
    user_id: str
    channel: Channel
    path: Path
    said: bool


def sniff(head: bytes) -> str:
    """The type of a picture by its first bytes (16 are enough), `application/octet-stream` for all else."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    return OCTETS


def safe_name(name: str) -> str:
    """A file's name for people: the last part of a path, without control and direction characters."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(char for char in last if unicodedata.category(char)[0] != "C" and char not in '<>:"|?*')
    kept = kept.strip(" .")
    if len(kept) > MAX_NAME_CHARS:
        stem, dot, suffix = kept.rpartition(".")
        suffix = dot + suffix if dot and len(suffix) <= 10 else ""
        kept = (stem if suffix else kept)[: MAX_NAME_CHARS - len(suffix)] + suffix
    return kept or "file"


def disposition(info: ChatFileInfo) -> str:
    """Content-Disposition (RFC 6266): pictures may be shown, everything else is saved."""
    kind = "inline" if info.type != OCTETS else "attachment"
    ascii_name = "".join(c if 32 <= ord(c) < 127 and c not in '"\\%' else "_" for c in info.name)
    return f"{kind}; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(info.name, safe='')}"


@dataclass(slots=True)
class FileStore:
    """Files in `folder`, with their rows in the database."""

    database: Database
    folder: Path
    limits: FileLimits = field(default_factory=FileLimits)
    clock: Clock = field(default=utc_now)

    def path_of(self, file_id: str) -> Path:
        """Where the bytes are."""
        return self.folder / file_id[:2] / file_id

    async def room_for(self, server_id: str, user_id: str) -> int:
        """How many bytes the user may still upload to this server now. Raises FileRefused when none."""
        async with self.database.read() as session:
            return await self._room(session, server_id, user_id, 1)

    async def _room(self, session: AsyncSession, server_id: str, user_id: str, size: int) -> int:
        total = select(func.coalesce(func.sum(ChatFile.size), 0)).where(ChatFile.server_id == server_id)
        of_all = int(await session.scalar(total) or 0)
        of_user = int(await session.scalar(total.where(ChatFile.user_id == user_id)) or 0)
        if of_user + size > self.limits.user:
            raise FileRefused("quota_reached", "You have uploaded as much here as one person may.")
        if of_all + size > self.limits.server:
            raise FileRefused("quota_reached", "This server's room for files is full.")
        return min(self.limits.file, self.limits.user - of_user, self.limits.server - of_all)

    async def put(
        self, server_id: str, user_id: str, channel: Channel, name: str, parts: AsyncIterator[bytes]
    ) -> ChatFileInfo:
        """Take a file in. What breaks off or is refused leaves nothing behind.

        Raises FileRefused.
        """
        room = await self.room_for(server_id, user_id)
        file_id = secrets.token_hex(16)
        path = self.path_of(file_id)
        loop = asyncio.get_running_loop()
        try:
            head, size = await self._receive(path, room, parts)
            info = ChatFileInfo(file_id, safe_name(name), sniff(head), size)
            async with self.database.write() as session:
                # Others may have come in meanwhile; the lock orders them on PostgreSQL.
                await session.get(Server, server_id, with_for_update=True)
                await self._room(session, server_id, user_id, size)
                session.add(
                    ChatFile(
                        id=file_id,
                        server_id=server_id,
                        user_id=user_id,
                        channel=channel.key,
                        name=info.name,
                        type=info.type,
                        size=size,
                        line_id=None,
                        created_at=self.clock(),
                    )
                )
        except BaseException as error:
            await loop.run_in_executor(None, lambda: path.unlink(missing_ok=True))
            if isinstance(error, OSError) and error.errno in DISK_FULL:
                log.error("no room for files of the chat in %s: %s", self.folder, error.strerror)
                raise FileRefused("storage_full", "Our storage is full. Tell whoever runs it.") from error
            raise
        return info

    async def _receive(self, path: Path, room: int, parts: AsyncIterator[bytes]) -> tuple[bytes, int]:
        loop = asyncio.get_running_loop()

        def begin() -> BinaryIO:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            return path.open("xb")

        out = await loop.run_in_executor(None, begin)
        head, size = b"", 0
        try:
            async for part in parts:
                size += len(part)
                if size > room:
                    raise self.limits.too_large()
                if len(head) < 16:
                    head += part[: 16 - len(head)]
                await loop.run_in_executor(None, out.write, part)
        finally:
            await loop.run_in_executor(None, out.close)
        if size == 0:
            raise FileRefused("empty_file", "This file is empty.")
        return head, size

    async def get(self, file_id: str) -> StoredFile | None:
        """The file with this id."""
        if not _ID.fullmatch(file_id):
            return None
        async with self.database.read() as session:
            row = await session.get(ChatFile, file_id)
        channel = channel_of(row.channel) if row is not None else None
        if row is None or channel is None:
            return None
        info = ChatFileInfo(row.id, row.name, row.type, row.size)
        return StoredFile(
            info, row.server_id, row.user_id, channel, self.path_of(row.id), row.line_id is not None
        )

    async def sweep(self) -> int:
        """Delete files that no line has (any more); how many. One that was just uploaded is left."""
        before = self.clock() - UNSAID
        gone = (
            select(ChatFile.id)
            .outerjoin(ChatLine, ChatLine.id == ChatFile.line_id)
            .where(ChatFile.created_at < before, ChatLine.id.is_(None))
            .limit(SWEEP_BATCH)
        )
        swept = 0
        while True:
            async with self.database.write() as session:
                ids = list(await session.scalars(gone))
                await session.execute(delete(ChatFile).where(ChatFile.id.in_(ids)))
            swept += len(ids)
            await asyncio.get_running_loop().run_in_executor(None, self._unlink, ids)
            if len(ids) < SWEEP_BATCH:
                break
        return swept + await self._sweep_folder(before.timestamp())

    def _unlink(self, ids: list[str]) -> None:
        for file_id in ids:
            self.path_of(file_id).unlink(missing_ok=True)

    async def _sweep_folder(self, before: float) -> int:
        """Bytes whose row is gone: their server was deleted."""

        def old() -> list[str]:
            files = (path for path in self.folder.glob("??/*") if _ID.fullmatch(path.name))
            return [path.name for path in files if path.stat().st_mtime < before]

        loop = asyncio.get_running_loop()
        names = await loop.run_in_executor(None, old)
        swept = 0
        for i in range(0, len(names), SWEEP_BATCH):
            some = names[i : i + SWEEP_BATCH]
            async with self.database.read() as session:
                known = set(await session.scalars(select(ChatFile.id).where(ChatFile.id.in_(some))))
            lost = [name for name in some if name not in known]
            await loop.run_in_executor(None, self._unlink, lost)
            swept += len(lost)
        return swept
