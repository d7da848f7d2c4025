"""Gets people into an installation: new accounts, or those of a file that an earlier load has kept.

The server limits sign-ups and logins for each address; a load waits as it is told to. With a file the
accounts and their logins are used again, so that only the first load with so many people waits.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import aiohttp

from web.load.reach import Target

MAX_WAIT_SECONDS = 120.0
# Accounts of this many people are made at once: hashing their passwords is work.
AT_ONCE = 4
TIMEOUT = aiohttp.ClientTimeout(total=30)


class CannotLoad(Exception):
    """Why there is no load, in one line."""


@dataclass(slots=True)
class Account:
    """Somebody of the load, with the cookie of a login."""

    username: str
    password: str
    cookie: str = ""


class Site:
    """The installation's HTTP API, for everybody of the load."""

    def __init__(self, session: aiohttp.ClientSession, target: Target, tell: Callable[[str], None]) -> None:
        self.session = session
        self.origin = target.origin
        self._tell = tell
        self._waiting_told = False

    async def call(
        self, method: str, path: str, cookie: str = "", body: object = None
    ) -> tuple[Any, dict[str, str]]:
        """JSON in and out, and the cookies that came. Waits where the server says so.

        Raises CannotLoad for any other status than 2xx.
        """
        headers = {"Origin": self.origin} | ({"Cookie": cookie} if cookie else {})
        while True:
            try:
                async with self.session.request(
                    *(method, self.origin + path),
                    json=body,
                    headers=headers,
                    timeout=TIMEOUT,
                    allow_redirects=False,
                ) as answer:
                    text = await answer.text()
                    if answer.status in {429, 503} and "Retry-After" in answer.headers:
                        await self._wait(answer.headers["Retry-After"], path)
                        continue
                    if not 200 <= answer.status < 300:
                        raise CannotLoad(f"{method} {path}: {answer.status} {_why(text)}")
                    cookies = {name: morsel.value for name, morsel in answer.cookies.items()}
                    return (json.loads(text) if text else None), cookies
            except (aiohttp.ClientError, TimeoutError, ValueError) as error:
                raise CannotLoad(f"{self.origin}{path}: {error or type(error).__name__}") from None

    async def _wait(self, retry_after: str, path: str) -> None:
        seconds = float(retry_after) if retry_after.isdigit() else 1.0
        if seconds > MAX_WAIT_SECONDS:
            raise CannotLoad(f"{path}: the server wants us to wait for {seconds:.0f} s")
        if not self._waiting_told:
            self._waiting_told = True
            self._tell("The server limits sign-ups from one address: waiting (--accounts FILE keeps them)")
        await asyncio.sleep(max(0.5, seconds))

    async def logged_in(self, account: Account) -> None:
        """Give this account the cookie of a login, and the account itself where it is new."""
        if account.cookie:
            with suppress(CannotLoad):
                await self.call("GET", "/api/auth/me", account.cookie)
                return
            body = {"username": account.username, "password": account.password}
            _, cookies = await self.call("POST", "/api/auth/login", body=body)
        else:
            body = {"username": account.username, "password": account.password}
            _, cookies = await self.call("POST", "/api/auth/signup", body=body)
        if not cookies:
            raise CannotLoad(f"{self.origin} gives no cookie: is that an installation of AtriumVerse?")
        account.cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())

    async def runs_the_place(self, account: Account) -> bool:
        """Whether this account is an administrator's: the first one is, where no other is named."""
        with suppress(CannotLoad):
            await self.call("GET", "/api/admin/overview", account.cookie)
            return True
        return False


async def people(site: Site, count: int, kept: Path | None) -> list[Account]:
    """So many people, logged in. With `kept` those of that file first; it holds all of them afterwards.

    Raises CannotLoad.
    """
    known = _read(kept, site.origin) if kept is not None else []
    mark = secrets.token_hex(3)
    made = [Account(f"load-{mark}-{index}", secrets.token_urlsafe(12)) for index in range(count - len(known))]
    wanted = [*known[:count], *made]
    gate = asyncio.Semaphore(AT_ONCE)

    async def come(account: Account) -> None:
        async with gate:
            await site.logged_in(account)

    try:
        # One alone at first: the first account of all runs the place, and we tell which that is.
        await site.logged_in(wanted[0])
        async with asyncio.TaskGroup() as group:
            for account in wanted[1:]:
                group.create_task(come(account))
    except* CannotLoad as failures:
        raise CannotLoad(str(failures.exceptions[0])) from None
    finally:
        if kept is not None:
            _write(kept, site.origin, [each for each in (*wanted, *known[count:]) if each.cookie])
    return wanted


def _read(kept: Path, origin: str) -> list[Account]:
    try:
        found = json.loads(kept.read_text())
        if found["origin"] != origin:
            raise CannotLoad(f"{kept} holds accounts of {found['origin']}, not of {origin}")
        return [Account(**each) for each in found["accounts"]]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise CannotLoad(f"{kept} is no file of accounts: {error}") from None


def _write(kept: Path, origin: str, accounts: list[Account]) -> None:
    text = json.dumps({"origin": origin, "accounts": [asdict(each) for each in accounts]}, indent=1)
    try:
        part = kept.with_name(kept.name + ".part")
        part.unlink(missing_ok=True)
        part.touch(0o600)
        part.write_text(text)
        os.replace(part, kept)
    except OSError as error:
        raise CannotLoad(f"{kept} cannot be written: {error.strerror}") from None


def _why(text: str) -> str:
    try:
        return str(json.loads(text)["error"]["message"])
    except (ValueError, TypeError, KeyError):
        return text[:200]
