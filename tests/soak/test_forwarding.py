"""Minutes of steady forwarding: nothing is lost, whatever the planes' counters, caches and rings go through.

Sequence numbers wrap several times and SRTP's rollover counter with them. SOAK_SECONDS (default 600)
says how long; the rate is what one core of this process can receive, far below what a plane can send.
"""

from __future__ import annotations

import os

import pytest

from sfu.forward.planes import planes
from tests.bench.forward import Load, measure

SECONDS = float(os.environ.get("SOAK_SECONDS", "600"))


@pytest.mark.soak
@pytest.mark.parametrize("plane", list(planes()))
@pytest.mark.parametrize("load", [Load("audio", 50, 8), Load("video", 50, 2)], ids=lambda load: load.kind)
def test_minutes_of_forwarding_lose_nothing(plane: str, load: Load) -> None:
    figure = measure(load, plane, SECONDS)
    took = f"{figure.rate:.0f} packets/s at {figure.microseconds:.2f} µs"
    print(f"{plane} {load.kind}: {took}, lost {figure.lost:.6%}")
    assert figure.lost == 0
