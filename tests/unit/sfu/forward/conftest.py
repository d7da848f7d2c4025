"""Every test here runs on every plane of this installation."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial

import pytest

from sfu.forward.plain import PlainDatagrams
from sfu.forward.planes import ForwarderFactory, planes
from sfu.forward.python import PythonForwarder
from tests.support.plane_rig import Rig, plane_rig

PLANES: dict[str, ForwarderFactory] = planes() | {
    "python-plain": partial(PythonForwarder, datagrams=PlainDatagrams),
}


@pytest.fixture(params=sorted(PLANES))
def plane(request: pytest.FixtureRequest) -> ForwarderFactory:
    """How to make a forwarder of the plane under test."""
    return PLANES[request.param]


@pytest.fixture
async def rig(plane: ForwarderFactory) -> AsyncIterator[Rig]:
    """A forwarder of the plane under test with its network."""
    with plane_rig(plane) as made:
        yield made
