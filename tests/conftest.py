"""How the tests are shared out where several processes run them (`pytest -n 2 --dist loadfile`).

The files with a browser stay together in one process, which begins with them: most share one server and three
browsers, and two pages that send pictures at one time are enough for a small machine. The other processes
take one file after the other, and have its fixtures once.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import os
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadFileScheduling

ROOT = Path(__file__).resolve().parents[1]

# A test waits for what may never come: a page that hangs, an answer that was lost. Then it fails here, with
# the line it waited at, and those after it run (s). What waits elsewhere (a fixture, a thread, a loop without
# an end) ends with its process at `faulthandler_timeout`, after the stacks of all threads.
LONGEST_TEST = 240.0

# Databases, browser profiles and recordings of the tests lie in memory where it has room (bytes): hundreds of
# small servers that sync to one disk are all that slows some machines down.
MEMORY = Path("/dev/shm")
ENOUGH_MEMORY = 6 << 30


def _keep_in_memory() -> None:
    if "TMPDIR" in os.environ or not os.access(MEMORY, os.W_OK):
        return
    there = os.statvfs(MEMORY)
    if there.f_bavail * there.f_frsize >= ENOUGH_MEMORY and not there.f_flag & os.ST_NOEXEC:
        os.environ["TMPDIR"] = str(MEMORY)
        tempfile.tempdir = None


_keep_in_memory()

# A busy machine is slow, and that is no failure. (Where CI is set the examples are the same each time.)
settings.register_profile("patient", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


@functools.cache
def _has_browser(file: str) -> bool:
    return "pytest.mark.e2e" in (ROOT / file).read_text()


class _BrowsersTogether(LoadFileScheduling):  # type: ignore[misc]  # xdist has no types
    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return "browser" if _has_browser(file) else file

    def remove_node(self, node: object) -> str | None:
        """What a process that ended has left undone goes to another one, but for the test that ended it.
        (xdist would run that one again in each, and stands still over files that were done.)"""
        left = {
            file: tests for file, tests in self.assigned_work.pop(node).items() if not all(tests.values())
        }
        if not left:
            return None
        first = next(iter(left.values()))
        at_fault: str = next(test for test, done in first.items() if not done)
        first[at_fault] = True
        self.workqueue.update((file, tests) for file, tests in left.items() if not all(tests.values()))
        for other in self.assigned_work:
            self._reschedule(other)
        return at_fault


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadFileScheduling:
    return _BrowsersTogether(config, log)


def _ends(test: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    @functools.wraps(test)
    async def ends(*args: object, **kwargs: object) -> None:
        async with asyncio.timeout(LONGEST_TEST):
            await test(*args, **kwargs)

    return ends


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if (
            isinstance(item, pytest.Function)
            and inspect.iscoroutinefunction(item.obj)
            and not item.get_closest_marker("soak")
        ):
            item.obj = _ends(item.obj)
