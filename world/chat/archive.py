"""What the running world asks of the chat's storage, and the records that pass between them. No I/O.

The database implements it (`world.chat.keeper`). A line is given to `keep` and is on its way: nobody who
writes waits for a database.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from signaling.messages import ChatFileInfo, Emote
from world.chat.rules import Channel


@dataclass(frozen=True, slots=True)
class Line:
    """A line that is kept. `at` in ms since 1970."""

    id: str
    server_id: str
    channel: Channel
    user_id: str
    name: str
    text: str
    at: int
    file: ChatFileInfo | None = None


class ChatArchive(Protocol):
    """Every method but `keep` may raise when storage is out of reach."""

    def keep(self, line: Line) -> None:
        """Write it down soon. When too many wait, the oldest are given up (and counted)."""

    async def line(self, server_id: str, line_id: str) -> Line | None:
        """A kept line of this server, also one that is still on its way."""

    async def react(self, line_id: str, user_id: str, reaction: Emote, on: bool) -> int | None:
        """Set or take back a reaction; how many people show it now. None: no more fit at this line."""

    async def forget(self, line_id: str) -> None:
        """Delete a line with its reactions and its file."""

    async def take_file(
        self, file_id: str, server_id: str, user_id: str, channel: Channel, line_id: str
    ) -> ChatFileInfo | None:
        """The user's own file, uploaded for this channel and not said yet: it belongs to the line now."""


class NothingKept:
    """The archive of a world without storage: lines reach who is there, and are over."""

    def keep(self, line: Line) -> None:
        """See ChatArchive."""

    async def line(self, server_id: str, line_id: str) -> Line | None:
        """See ChatArchive."""
        return None

    async def react(self, line_id: str, user_id: str, reaction: Emote, on: bool) -> int | None:
        """See ChatArchive."""
        return None

    async def forget(self, line_id: str) -> None:
        """See ChatArchive."""

    async def take_file(
        self, file_id: str, server_id: str, user_id: str, channel: Channel, line_id: str
    ) -> ChatFileInfo | None:
        """See ChatArchive."""
        return None
