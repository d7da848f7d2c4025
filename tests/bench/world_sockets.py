"""What a delivered position update costs over real WebSockets, ours against Colyseus, as a ratio.

    python -m tests.bench.world_sockets [--people 300] [--seconds 5] [--rounds 3] [--packages FOLDER]

A server runs in a process of its own, one after the other, interleaved: our world behind its gateway, and a
Colyseus room with schema state sync and a StateView per client (`colyseus/server.mjs`; npm's latest, put
into a temporary folder at run time, or into FOLDER and kept). Both have the same map, the same 9-cell view,
the same check of moves and the same 50 ms tick, and get the same people from one load generator
(`colyseus/load.mjs`, a third process): 10 moves a second each, about 30 others in view. It counts what was
delivered: positions of others that a client has decoded, for Colyseus with its own SDK, so what is
coalesced, dropped or late is not counted. Nobody has media here; that is `world_tick`'s part.

Figures: CPU time of the server process, user and system, all threads (/proc/PID/stat), over a window of
steady walking, per delivered update; delivered share = delivered / (moves x people in view), and rounds
where it is below `FAIR_SHARE` for either are not compared, for the machine was too busy; memory = growth of
the resident set from idle to all connected and walking, per person. Needs Linux.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from tools.install import VENV
from world.running.tick import TICK_SECONDS
from world.space.interest import CELL

IN_VIEW = 30
SETTLE_SECONDS = 3.0
# A round in which less was delivered than this says how busy the machine was, not what a server costs.
FAIR_SHARE = 0.9
HERE = Path(__file__).parent / "colyseus"
PACKAGES = ("@colyseus/core", "@colyseus/ws-transport", "@colyseus/schema", "@colyseus/sdk")


@dataclass(frozen=True)
class Figures:
    """One server in one round."""

    cpu_us: float
    load: float
    delivered_per_s: float
    delivered_share: float
    in_view: float
    memory_kb: float
    refused: int


@contextlib.contextmanager
def process(command: list[str], cwd: Path) -> Iterator[subprocess.Popen[str]]:
    """A child that ends when its input does. Colyseus and its libraries run as in production."""
    environment = os.environ | {"NODE_ENV": "production"}
    with subprocess.Popen(
        command, cwd=cwd, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as child:
        try:
            yield child
        finally:
            assert child.stdin is not None
            child.stdin.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(5.0)
            child.kill()


def answer(child: subprocess.Popen[str]) -> dict[str, Any]:
    """The next line of a child that is an object; others are its own log."""
    output: IO[str] | None = child.stdout
    assert output is not None
    for line in output:
        if line.startswith("{"):
            found: dict[str, Any] = json.loads(line)
            return found
    raise SystemExit(f"{child.args!r} ended with {child.wait()}")


def totals(load: subprocess.Popen[str]) -> dict[str, Any]:
    """What the load generator has counted so far."""
    assert load.stdin is not None
    load.stdin.write("\n")
    load.stdin.flush()
    return answer(load)


def cpu_seconds(pid: int) -> float:
    """User and system time of a process, all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_kb(pid: int) -> float:
    """The resident set of a process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1000


def measure(kind: str, packages: Path, people: int, seconds: float) -> Figures:
    """Start a server and its people, let them walk, and look."""
    node = str(VENV / "bin" / "node")
    side = round(((3 * CELL) ** 2 * people / IN_VIEW) ** 0.5)
    if kind == "colyseus":
        command = [node, "server.mjs", str(side), str(CELL), str(TICK_SECONDS * 1000)]
        cwd = packages
    else:
        command = [sys.executable, "-m", "tests.bench.sockets_world", str(side)]
        cwd = Path.cwd()
    with process(command, cwd) as server:
        started = answer(server)
        port, pid = started["port"], started["pid"]  # `server` itself may be a wrapper around node
        time.sleep(1.0)
        idle = resident_kb(pid)
        with process([node, "load.mjs", kind, str(port), str(people), str(side)], packages) as load:
            answer(load)
            time.sleep(SETTLE_SECONDS)
            before, cpu, began = totals(load), cpu_seconds(pid), time.monotonic()
            time.sleep(seconds)
            after, used, took = totals(load), cpu_seconds(pid) - cpu, time.monotonic() - began
            memory = (resident_kb(pid) - idle) / people
    updates, moves = after["updates"] - before["updates"], after["moves"] - before["moves"]
    in_view = (after["seen"] + before["seen"]) / 2
    return Figures(
        cpu_us=used / updates * 1e6,
        load=used / took,
        delivered_per_s=updates / took,
        delivered_share=updates / (moves * in_view),
        in_view=in_view,
        memory_kb=memory,
        refused=after["backs"],
    )


def prepare(folder: Path) -> None:
    """Colyseus and our scripts in one folder, so that the scripts find it."""
    folder.mkdir(parents=True, exist_ok=True)
    for script in HERE.glob("*.mjs"):
        shutil.copy(script, folder)
    if not (folder / "node_modules").exists():
        (folder / "package.json").write_text('{"private": true}')
        wanted = [f"{name}@latest" for name in PACKAGES]
        command = [str(VENV / "bin" / "npm"), "install", "--ignore-scripts", "--no-audit", "--no-fund"]
        subprocess.run([*command, "--loglevel=error", *wanted], cwd=folder, check=True, stdout=sys.stderr)
    for name in PACKAGES:
        version = json.loads((folder / "node_modules" / name / "package.json").read_text())["version"]
        print(f"# {name} {version}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--people", type=int, default=300)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--packages", type=Path, help="keep the npm packages here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        packages = (options.packages or Path(temporary)).resolve()
        prepare(packages)
        rounds: dict[str, list[Figures]] = {"atrium": [], "colyseus": []}
        for number in range(options.rounds):
            for kind, figures in rounds.items():
                found = measure(kind, packages, options.people, options.seconds)
                figures.append(found)
                for name, value in vars(found).items():
                    print(f"sockets.{kind}.round_{number + 1}.{name} {value:.3f}", flush=True)
    pairs = list(zip(rounds["atrium"], rounds["colyseus"], strict=True))
    fair = [pair for pair in pairs if min(f.delivered_share for f in pair) >= FAIR_SHARE]
    print(f"sockets.fair_rounds {len(fair)}")
    if not fair:
        raise SystemExit("the machine was too busy in every round: too little was delivered to compare")
    for place, kind in enumerate(rounds):
        compared = [pair[place] for pair in fair]
        print(f"sockets.{kind}.cpu_us_per_update {statistics.median(f.cpu_us for f in compared):.3f}")
        print(f"sockets.{kind}.memory_per_player_kb {statistics.median(f.memory_kb for f in compared):.1f}")
    print(f"sockets.cpu_ratio {statistics.median(a.cpu_us / c.cpu_us for a, c in fair):.3f}")


if __name__ == "__main__":
    main()
