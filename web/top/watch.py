"""Asks a running installation again and again, and draws the answers."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import aiohttp

from signaling.tickets import AdminTicket, Tickets
from web.top.screen import draw

TICKET_SECONDS = 60.0
TIMEOUT = aiohttp.ClientTimeout(total=10)
# Another screen without a cursor, and back (xterm's private modes 1049 and 25).
ENTER, LEAVE = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"
HOME, CLEAR_LINE, CLEAR_REST = "\x1b[H", "\x1b[K", "\x1b[J"


class CannotLook(Exception):
    """Why there is no overview, in one line."""


class Looking:
    """An installation at `url`, looked at with tickets of its secret."""

    def __init__(self, url: str, secret: str) -> None:
        self._url = f"{url.rstrip('/')}/api/admin/overview"
        self._tickets = Tickets(secret)

    async def look(self, session: aiohttp.ClientSession) -> dict[str, Any]:
        """The overview. Raises CannotLook."""
        ticket = self._tickets.issue(AdminTicket("top"), TICKET_SECONDS, time.time())
        try:
            headers = {"Authorization": f"Bearer {ticket}"}
            async with session.get(self._url, headers=headers, timeout=TIMEOUT) as answer:
                if answer.status == 401:
                    raise CannotLook(
                        f"{self._url} does not take our ticket: it has another secret (ATRIUM_SECRET), "
                        "or our clocks differ by a minute"
                    )
                if answer.status != 200:
                    raise CannotLook(f"{self._url} answers {answer.status}: is that a world of AtriumVerse?")
                view: dict[str, Any] = await answer.json()
                return view
        except (aiohttp.ClientError, TimeoutError, json.JSONDecodeError) as error:
            raise CannotLook(f"{self._url} cannot be read: {error or type(error).__name__}") from None


async def once(looking: Looking, seconds: float, as_json: bool) -> None:
    """Look twice, since rates need that, and print the second look. Raises CannotLook."""
    async with aiohttp.ClientSession() as session:
        await looking.look(session)
        await asyncio.sleep(max(seconds, 1.1))
        view = await looking.look(session)
    if as_json:
        print(json.dumps(view, ensure_ascii=False))
    else:
        size = shutil.get_terminal_size((160, 50))
        colour = sys.stdout.isatty()
        lines = draw(view, size.columns, size.lines if colour else 10_000, colour)
        print("\n".join(lines))


async def follow(looking: Looking, seconds: float) -> None:
    """Draw until `q`. Raises CannotLook when it cannot be looked at from the start."""
    async with aiohttp.ClientSession() as session:
        view = await looking.look(session)
        with _screen() as stop:
            while not stop.is_set():
                size = shutil.get_terminal_size()
                _show(draw(view, size.columns, size.lines))
                try:
                    async with asyncio.timeout(seconds):
                        await stop.wait()
                except TimeoutError:
                    try:
                        view = await looking.look(session)
                    except CannotLook as error:
                        _show([str(error)[: size.columns], "", "trying again; q ends"])


def _show(lines: list[str]) -> None:
    sys.stdout.write(HOME + "\r\n".join(line + CLEAR_LINE for line in lines) + CLEAR_REST)
    sys.stdout.flush()


@contextmanager
def _screen() -> Iterator[asyncio.Event]:
    """The terminal is ours until the end; the event is set by `q` or Ctrl-C."""
    import termios
    import tty

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    keyboard = sys.stdin.fileno()
    before = termios.tcgetattr(keyboard)

    def pressed() -> None:
        if os.read(keyboard, 1) in (b"q", b"Q", b"\x03", b"\x1b", b""):
            stop.set()

    tty.setcbreak(keyboard)
    loop.add_reader(keyboard, pressed)
    sys.stdout.write(ENTER)
    try:
        yield stop
    finally:
        loop.remove_reader(keyboard)
        termios.tcsetattr(keyboard, termios.TCSADRAIN, before)
        sys.stdout.write(LEAVE)
        sys.stdout.flush()
