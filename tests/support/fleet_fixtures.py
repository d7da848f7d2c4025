"""Fixtures around a `Fleet`; a test module imports them by name."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.support.fleet import Fleet, hear_each_other
from tests.support.roamer import Roamer


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    fleet = Fleet(Path(tmp_path_factory.mktemp("fleet")), seats=3)
    try:
        fleet.start()
        yield fleet
    finally:
        fleet.stop()


@pytest.fixture
async def fleet(installation: Fleet) -> Fleet:
    """Every part runs, and nobody is there."""
    for server in (*installation.worlds, *installation.workers.values()):
        if not server.running:
            await asyncio.to_thread(server.start)
    async with asyncio.timeout(60):
        while set(await installation.spread()) != {"w1", "w2", "w3"}:
            await asyncio.sleep(0.1)
        while any((await installation.spread()).values()):
            await asyncio.sleep(0.1)
    return installation


@pytest.fixture
async def crowd(fleet: Fleet) -> AsyncIterator[list[Roamer]]:
    """Four people in one Hall on two workers, who hear each other."""
    people = await fleet.enter(4)
    try:
        await hear_each_other(people)
        yield people
    finally:
        await asyncio.gather(*(person.close() for person in people), return_exceptions=True)
