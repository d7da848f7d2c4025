"""How the tests are shared out where several processes run them (`pytest -n 2 --dist loadgroup`).

The browser tests share one server and three browsers, so they stay together in one process, which begins with
them: they take longest. The other processes take one file after the other, and have its fixtures once.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

BROWSERS = Path(__file__).parent / "e2e"

# A busy machine is slow, and that is no failure. (Where CI is set the examples are the same each time.)
settings.register_profile("patient", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        group = "e2e" if BROWSERS in item.path.parents else str(item.path)
        item.add_marker(pytest.mark.xdist_group(group))
