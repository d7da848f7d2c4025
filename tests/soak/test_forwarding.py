"""Minutes of steady forwarding: nothing is lost, whatever the planes' counters, caches and rings go through.

Sequence numbers wrap several times and SRTP's rollover counter with them. SOAK_SECONDS (default 600)
says how long; the rate is what one core of this process can receive, far below what a plane can send.
"""

from __future__ import annotations

import multiprocessing
import os
import socket
import time

import pytest

from sfu.forward.contract import PlaneCounters
from sfu.forward.planes import planes
from tests.bench.forward import Load, Network, measure, plane_process

SECONDS = float(os.environ.get("SOAK_SECONDS", "600"))
SHARE = 0.7  # of a core
PAUSE = 0.0005


@pytest.mark.soak
@pytest.mark.parametrize("plane", list(planes()))
@pytest.mark.parametrize("load", [Load("audio", 50, 8), Load("video", 50, 2)], ids=lambda load: load.kind)
def test_minutes_of_forwarding_lose_nothing(plane: str, load: Load) -> None:
    figure = measure(load, plane, SECONDS)
    took = f"{figure.rate:.0f} packets/s at {figure.microseconds:.2f} µs"
    print(f"{plane} {load.kind}: {took}, lost {figure.lost:.6%}")
    assert figure.lost == 0


@pytest.mark.soak
@pytest.mark.parametrize("plane", list(planes()))
def test_most_of_a_core_for_minutes_loses_nothing_that_came_in(plane: str) -> None:
    """What the kernel hands in goes out to every listener while SHARE of a core is in use.

    Nobody reads the listeners' sockets: what they could take in is not the question, and reading it would
    cost more than sending.
    """
    load = Load("video", 400 if plane == "native" else 100, 1)
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=plane_process, args=(there, plane, None))
    process.start()
    network = Network(load, here)
    for listener in network.listeners:  # full at once: the kernel's memory for UDP has an end
        listener.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)

    def look() -> tuple[PlaneCounters, float]:
        here.send(("counters", ()))
        counters: PlaneCounters = here.recv()
        here.send(("cpu", ()))
        return counters, here.recv()

    def run(seconds: float) -> None:
        for _ in network.steps(seconds):
            time.sleep(PAUSE)
        time.sleep(1.0)  # what is under way

    def used(before: tuple[PlaneCounters, float], after: tuple[PlaneCounters, float]) -> float:
        return (after[1] - before[1]) / (after[0].sent - before[0].sent)

    try:
        run(2.0)
        cost = 0.0
        for _ in range(3):  # each at the pace that the one before was good for
            before = look()
            run(5.0)
            cost = used(before, look())
            network.interval = network.burst * load.fan_out * cost / SHARE
        before, published, began = look(), network.sent, time.monotonic()
        run(SECONDS)
        after, lasted = look(), time.monotonic() - began
    finally:
        here.send(("stop", ()))
        process.join(10)
        network.close()
    received = after[0].received - before[0].received
    sent = after[0].sent - before[0].sent
    share, published = (after[1] - before[1]) / lasted, network.sent - published
    missing, cost = published - received, used(before, after) * 1e6
    print(
        f"{plane}: {share:.0%} of a core for {lasted:.0f} s, {sent / lasted:,.0f} packets/s at {cost:.2f} µs;"
        f" of {published} published {missing} did not come in"
    )
    assert share > 0.8 * SHARE
    assert sent == received * load.fan_out
    assert {reason: count for reason, count in after[0].dropped.items() if count} == {}
