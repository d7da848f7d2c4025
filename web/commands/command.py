"""What a command is, and how one that needs an event loop is run."""

from __future__ import annotations

import asyncio
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from web.settings import Settings

T = TypeVar("T")


def _no_arguments(parser: ArgumentParser) -> None:
    """Most commands have none but the settings."""


@dataclass(frozen=True, slots=True)
class Command:
    """One command. `run` gets the settings and its own arguments, and returns the exit code."""

    name: str
    words: str
    run: Callable[[Settings, Namespace], int]
    arguments: Callable[[ArgumentParser], None] = _no_arguments


def failed(message: str, code: int) -> int:
    """Say in one line why it did not work. Returns the exit code."""
    print(f"atrium: {message}", file=sys.stderr)
    return code


def say(line: str) -> None:
    """To whoever reads our output, at once."""
    print(line, flush=True)


def run_async(work: Coroutine[Any, Any, T]) -> T:
    """Run it to its end, on uvloop where there is one. Raises what it raises."""
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(work)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        from uvloop import new_event_loop
    except ImportError:
        return None
    return new_event_loop
