"""One server and three browsers (each with a voice of its own) for all browser tests."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Playwright, async_playwright, expect

from tests.e2e import album
from tests.e2e.people import write_tone
from tests.support.atrium_server import AtriumServer
from tests.support.chromium import FLAGS, NoChromium, chromium

# Pages of a busy machine are slow: what is expected is waited for (ms).
expect.set_options(timeout=30_000)
# The voices: far apart, and none a multiple of another.
TONES = {"ada": 440.0, "bob": 700.0, "cleo": 1130.0}


@pytest.fixture(scope="session")
def atrium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AtriumServer]:
    with AtriumServer(tmp_path_factory.mktemp("atrium")) as server:
        yield server


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def playwright_driver() -> AsyncIterator[Playwright]:
    async with async_playwright() as driver:
        yield driver


async def _launch(driver: Playwright, voice: str, folder: Path) -> Browser:
    try:
        path, environment = await asyncio.to_thread(chromium)
    except NoChromium as missing:
        if os.environ.get("CI"):
            pytest.fail(str(missing))
        pytest.skip(str(missing))
    wav = await asyncio.to_thread(write_tone, folder / f"{voice}.wav", TONES[voice])
    flags = [*FLAGS, f"--use-file-for-fake-audio-capture={wav}"]
    if album.KEPT:
        film = await asyncio.to_thread(album.write_camera, folder / f"{voice}.y4m", voice)
        flags.append(f"--use-file-for-fake-video-capture={film}")
    return await driver.chromium.launch(
        executable_path=path,
        args=flags,
        env={**os.environ, **environment},
    )


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browsers(
    playwright_driver: Playwright, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[dict[str, Browser]]:
    folder = tmp_path_factory.mktemp("voices")
    started = {voice: await _launch(playwright_driver, voice, folder) for voice in TONES}
    yield started
    for browser in started.values():
        await browser.close()
