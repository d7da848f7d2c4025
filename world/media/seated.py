"""What `world.media.negotiation` and its helpers know of one session. No I/O."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from signaling.control import SessionStats
from signaling.messages import Source
from world.hearing.routes import Link
from world.hearing.slots import Ears
from world.running.live import LiveSpace
from world.space.player import Player


class MediaError(Exception):
    """Media could not be set up; `code` as in `messages.Error`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Found:
    """A session that an earlier owner of the space left on a worker."""

    worker: str
    stats: SessionStats


@dataclass(eq=False, slots=True)
class Move:
    """A session on its way to another worker: what stands there already. Times in seconds."""

    target: str
    begun_at: float
    opened: bool = False  # the client has offered
    ears: Ears | None = None
    up: set[str] = field(default_factory=set)
    sources: set[Source] = field(default_factory=set)
    up_at: float = 0.0

    def ready(self) -> bool:
        """Whether both connections stand and the slots are agreed."""
        return self.ears is not None and self.up >= {"publish", "subscribe"}


@dataclass(eq=False, slots=True)
class Seated:
    """A session that media can be negotiated for."""

    live: LiveSpace
    player: Player
    link: Link
    lock: asyncio.Lock
    waiting: int = 0
    move: Move | None = None


def events_topic(server_id: str) -> str:
    """Where workers report what happens to the sessions of a server, whichever process owns its space."""
    return f"space.{server_id}"
