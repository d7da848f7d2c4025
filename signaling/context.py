"""What a log line is about: the request and the media session that are being worked on.

Context variables: whatever is logged while one is set carries it, also in tasks that were begun then.
`web.logs` writes them; nothing here decides anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

request_id: ContextVar[str] = ContextVar("request_id", default="")
session_id: ContextVar[str] = ContextVar("session_id", default="")

# As many characters of a session's name as tell sessions apart; the whole name is for workers and worlds.
SHOWN = 8


@contextmanager
def about(session: str | None) -> Iterator[None]:
    """What is logged inside is about this media session."""
    before = session_id.set((session or "")[:SHOWN])
    try:
        yield
    finally:
        session_id.reset(before)
