"""Storage as the running world sees it: three questions, no ORM. The database implements it."""

from __future__ import annotations

from typing import Protocol

from world.records import Member, ServerRecord


class Directory(Protocol):
    """What the running world asks of storage. Every method may raise when storage is out of reach."""

    async def server(self, server_id: str) -> ServerRecord | None:
        """The server with its zones and spawn points; None when there is none."""

    async def member(self, server_id: str, user_id: str) -> Member | None:
        """The user's membership with the last position; None for guests and strangers."""

    async def save_position(self, server_id: str, user_id: str, x: float, y: float) -> None:
        """Remember where a member was last (map px)."""
