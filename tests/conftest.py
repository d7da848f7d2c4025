"""How the tests are shared out where several processes run them (`pytest -n 2 --dist loadfile`).

The files with a browser stay together in one process, which begins with them: most share one server and three
browsers, and two pages that send pictures at one time are enough for a small machine. The other processes
take one file after the other, and have its fixtures once.
"""

from __future__ import annotations

import functools
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadFileScheduling

ROOT = Path(__file__).resolve().parents[1]

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


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadFileScheduling:
    return _BrowsersTogether(config, log)
