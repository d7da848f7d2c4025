"""The benchmarks' load generator against the real server: what it counts is what was sent."""

from __future__ import annotations

import json
import multiprocessing
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.bench.peer_servers import room_ticket
from tests.bench.visitors import visit
from tests.support.atrium_server import AtriumServer
from tests.support.compiler import compiler


@pytest.mark.skipif(compiler() is None, reason="its receiver is C, and there is no compiler")
def test_a_listener_of_the_load_generator_gets_every_stream_of_every_publisher(tmp_path: Path) -> None:
    with AtriumServer(tmp_path, ATRIUM_DEVICES_PER_USER="10", ATRIUM_DEVICES_PER_ZONE="10") as server:
        room, ticket = room_ticket(server.url)
        command = [sys.executable, "-m", "tests.bench.loadgen", "whip", "--ticket", ticket]
        command += ["--whip", f"{server.url}/whip/{room}", "--whep", f"{server.url}/whep/{room}"]
        command += ["--publishers", "2", "--listeners", "3", "--warmup", "1.5", "--seconds", "1"]
        command += ["--pid", str(server.pid)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    found = json.loads(done.stdout)
    assert found["streams"] == found["streams_expected"] == 2 * 2 * 3
    assert found["packets"] > 0.8 * 2 * 170 * 3
    assert found["delivered"] == pytest.approx(1, abs=0.01)  # whatever is on its way at the window's edges
    assert found["lost"] < 0.01
    assert found["samples"] > 0
    assert 0 < found["latency_ms"]["p50"] <= found["latency_ms"]["p99"]
    assert found["server"]["cpu_seconds"] > 0


@pytest.mark.skipif(compiler() is None, reason="its receiver is C, and there is no compiler")
def test_visitors_of_the_busy_benchmark_are_heard_and_leave(tmp_path: Path) -> None:
    with AtriumServer(tmp_path, ATRIUM_DEVICES_PER_USER="20", ATRIUM_DEVICES_PER_ZONE="20") as server:
        room, ticket = room_ticket(server.url)
        addresses = f"{server.url}/whip/{room}", f"{server.url}/whep/{room}"
        command = [sys.executable, "-m", "tests.bench.loadgen", "whip", "--ticket", ticket]
        command += ["--whip", addresses[0], "--whep", addresses[1], "--spare", "4"]
        command += ["--publishers", "1", "--listeners", "2", "--warmup", "0.5", "--seconds", "2"]
        here, there = multiprocessing.Pipe()
        visitors = threading.Thread(target=visit, args=(addresses, [ticket], 4.0, there))
        visitors.start()
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
        finally:
            here.send("end")
            visitors.join(60)
        took = here.recv()
    found = json.loads(done.stdout)
    assert found["streams"] > found["streams_expected"] == 4, "who comes to publish is heard"
    assert len(took) > 5, "came, stayed a moment and left"
    assert min(took) > 0
