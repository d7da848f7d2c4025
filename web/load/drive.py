"""Runs a load: people come in, the figures begin, time passes, people leave, and the server is as before."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import aiohttp

from web.load.accounts import Account, CannotLoad, Site, people
from web.load.person import Person
from web.load.reach import Pinned, Target
from web.load.tally import Report, Tally, report
from web.load.voice import REPORT_SECONDS, SEND_SECONDS, Voice, address_towards

MAX_PEOPLE = 2000
MAX_TALKING = 200
MAX_SECONDS = 3600.0
ENTER_AT_ONCE = 10
CONNECT_AT_ONCE = 5
SERVER_NAME = "Load test"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is wanted. `kept` is the file of accounts, `map_name` the map that they walk on."""

    people: int
    talking: int
    seconds: float
    video: bool = False
    map_name: str = "office"
    kept: Path | None = None


async def load(target: Target, plan: Plan, stop: asyncio.Event, tell: Callable[[str], None]) -> Report:
    """Load `target` until the time is over or `stop` is set, and say what it was like.

    A server of its own is made and deleted again; accounts stay. Raises CannotLoad.
    """
    connector = aiohttp.TCPConnector(limit=0, resolver=Pinned(target))
    async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as session:
        drive = _Drive(Site(session, target, tell), target, plan, stop, tell)
        whole, stopped = asyncio.create_task(drive.run()), asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({whole, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if not whole.done() and not drive.counting:
                whole.cancel()
                await asyncio.gather(whole, return_exceptions=True)
                raise CannotLoad("ended before everybody was there: nothing was measured")
            return await whole
        finally:
            stopped.cancel()
            if not whole.done():
                whole.cancel()
                await asyncio.gather(whole, return_exceptions=True)


class _Drive:
    """One load. `counting`: everybody is there, the figures run."""

    def __init__(
        self, site: Site, target: Target, plan: Plan, stop: asyncio.Event, tell: Callable[[str], None]
    ) -> None:
        self._site, self._target, self._plan, self._stop, self._tell = site, target, plan, stop, tell
        self._tally = Tally()
        self._crowd: list[Person] = []
        self._voices: list[Voice] = []
        self._tasks: list[asyncio.Task[None]] = []
        self.counting = False

    async def run(self) -> Report:
        self._tell(f"{self._plan.people} people come in …")
        accounts = await people(self._site, self._plan.people, self._plan.kept)
        if await self._site.runs_the_place(accounts[0]):
            self._tell(
                f"Careful: {accounts[0].username} runs this installation now, being its first account. "
                "Name real people in the setting `admins`"
            )
        async with _server(self._site, accounts[0], self._plan.map_name) as server_id:
            try:
                await self._come(accounts, server_id)
                return await self._count()
            finally:
                await self._go()

    async def _come(self, accounts: list[Account], server_id: str) -> None:
        self._crowd = [Person(account, self._tally, seed) for seed, account in enumerate(accounts)]
        await _some_at_once(ENTER_AT_ONCE, [partial(one.enter, self._site, server_id) for one in self._crowd])
        self._tasks += [asyncio.create_task(one.walk()) for one in self._crowd]
        host = address_towards(self._target.addresses[0])
        self._voices = [
            Voice(one, host, self._target.reach, self._tally, self._plan.video)
            for one in self._crowd[: self._plan.talking]
        ]
        self._tasks.append(asyncio.create_task(self._keep()))
        await _some_at_once(CONNECT_AT_ONCE, [voice.connect for voice in self._voices])

    async def _count(self) -> Report:
        people, talking, seconds = len(self._crowd), len(self._voices), self._plan.seconds
        self._tell(f"{people} are there, {talking} talk; {seconds:g} s from now (Ctrl-C ends it) …")
        self._count_media()
        self._tally.begin()
        self.counting = True
        began = time.monotonic()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stop.wait()
        self._count_media()
        return report(self._tally, people, talking, talking if talking > 1 else 0, time.monotonic() - began)

    def _count_media(self) -> None:
        for voice in self._voices:
            voice.count()

    async def _keep(self) -> None:
        """Sends, checks and reports, for all voices in turn."""
        reported = time.monotonic()
        while True:
            now = time.monotonic()
            for voice in self._voices:
                voice.play(now)
                voice.look_after(now)
            if now - reported >= REPORT_SECONDS:
                reported = now
                for voice in self._voices:
                    voice.report()
            await asyncio.sleep(max(0.0, now + SEND_SECONDS - time.monotonic()))

    async def _go(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(voice.close() for voice in self._voices))
        await asyncio.gather(*(one.leave() for one in self._crowd))


async def _some_at_once(most: int, jobs: Sequence[Callable[[], Awaitable[None]]]) -> None:
    """All of them, at most so many at a time. Raises the first CannotLoad."""
    gate = asyncio.Semaphore(most)

    async def run(job: Callable[[], Awaitable[None]]) -> None:
        async with gate:
            await job()

    try:
        async with asyncio.TaskGroup() as group:
            for job in jobs:
                group.create_task(run(job))
    except* CannotLoad as failures:
        raise CannotLoad(str(failures.exceptions[0])) from None


@asynccontextmanager
async def _server(site: Site, owner: Account, map_name: str) -> AsyncIterator[str]:
    """A server of its own, deleted at the end."""
    body = {"name": SERVER_NAME, "map": map_name}
    made, _ = await site.call("POST", "/api/servers", owner.cookie, body)
    try:
        yield str(made["id"])
    finally:
        with suppress(CannotLoad):
            await site.call("DELETE", f"/api/servers/{made['id']}", owner.cookie)
