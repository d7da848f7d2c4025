"""A chat archive in memory, for tests of the running world."""

from __future__ import annotations

from collections import defaultdict

from signaling.messages import ChatFileInfo, Emote
from world.chat.archive import Line
from world.chat.rules import Channel


class MemoryArchive:
    """Keeps everything; `files` are uploads that wait for their line, `away` makes it fail."""

    def __init__(self) -> None:
        self.lines: dict[str, Line] = {}
        self.reactions: dict[tuple[str, Emote], set[str]] = defaultdict(set)
        self.files: dict[str, tuple[str, Channel]] = {}
        self.away = False

    def _ask(self) -> None:
        if self.away:
            raise OSError("the database is away")

    def keep(self, line: Line) -> None:
        self.lines[line.id] = line

    async def line(self, server_id: str, line_id: str) -> Line | None:
        self._ask()
        line = self.lines.get(line_id)
        return line if line is not None and line.server_id == server_id else None

    async def react(self, line_id: str, user_id: str, reaction: Emote, on: bool) -> int | None:
        self._ask()
        people = self.reactions[line_id, reaction]
        if on:
            people.add(user_id)
        else:
            people.discard(user_id)
        return len(people)

    async def forget(self, line_id: str) -> None:
        self._ask()
        del self.lines[line_id]

    async def take_file(
        self, file_id: str, server_id: str, user_id: str, channel: Channel, line_id: str
    ) -> ChatFileInfo | None:
        self._ask()
        if self.files.get(file_id) != (user_id, channel):
            return None
        del self.files[file_id]
        return ChatFileInfo(file_id, "plan.png", "image/png", 70)
