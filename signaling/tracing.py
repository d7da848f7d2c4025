"""Spans of what is being worked on, for whoever has told where they go. Pure.

Nothing is measured and nothing is imported for it until `use` was called (`web.telemetry` does so, where the
operator wants spans); until then `span` costs a comparison. Names and attributes hold no secret: routes, not
paths; kinds of messages, not their content.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Literal

# Whether what is worked on was asked for from outside (`server`), or is asked of another process (`client`).
Kind = Literal["internal", "server", "client"]
Value = str | int | float | bool
# Adds an attribute to the span that is open; `error.type` says that it failed.
Note = Callable[[str, Value], None]
Tracer = Callable[[str, Kind, dict[str, Value]], AbstractContextManager[Note]]

_tracer: Tracer | None = None


def _unnoted(key: str, value: Value) -> None:
    """Nobody wants to know."""


_NOTHING: AbstractContextManager[Note] = nullcontext(_unnoted)


def use(tracer: Tracer | None) -> None:
    """Open spans with this from now on; None: no more."""
    global _tracer
    _tracer = tracer


def span(name: str, kind: Kind = "internal", /, **attributes: Value) -> AbstractContextManager[Note]:
    """A span around the block, below the one open in this task. What kind of error the block raises is noted
    in it; the words of one may hold what nobody is to read, and are for the log, which hides that."""
    return _NOTHING if _tracer is None else _tracer(name, kind, attributes)
