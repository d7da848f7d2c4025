"""CPU time per forwarded packet of the whole server, against Debian's Janus: `python -m tests.bench.peers`.

Ours is `atrium serve` as an operator starts it, driven through WHIP and WHEP, once with each forwarding
plane; Janus is its VideoRoom with one event loop. Audio and video, AES-128-GCM on all sides. The servers
take turns within each round (A B C, A B C, …), every measurement with a fresh process pinned to core 0
and the generator on core 1, so that a busy minute of the machine hits all of them. Both run before
other programs where that is permitted (as root).

The load comes from `tests.bench.loadgen`, in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

from tests.bench.peer_servers import GENERATOR_CORE, Target, Unavailable, pinned, server

BASE = "janus"
WORKLOADS = "1x50,2x50,10x10"
RUN_SECONDS = 240.0


@dataclass(frozen=True)
class Run:
    """One measurement: CPU µs per packet that a subscriber got, packets a second, loss in per cent, part
    of what was published that arrived, p99 of latency in ms, cores that others used meanwhile, MB."""

    microseconds: float
    rate: float
    loss: float
    delivered: float
    p99: float
    noise: float
    memory: float


def generate(target: Target, workload: str, seconds: float, extra: list[str]) -> dict[str, Any]:
    """What the generator found of one load on a running server. Raises RuntimeError when it failed."""
    publishers, subscribers = workload.split("x")
    command = [sys.executable, "-m", "tests.bench.loadgen", *target.client, "--pid", str(target.pid)]
    command += ["--publishers", publishers, "--listeners", subscribers, "--seconds", str(seconds), *extra]
    with pinned(GENERATOR_CORE):
        done = subprocess.run(command, capture_output=True, text=True, timeout=RUN_SECONDS, check=False)
    if done.returncode or not done.stdout.strip():
        raise RuntimeError(f"the generator failed: {done.stderr.strip()[-600:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    if found["streams"] < found["streams_expected"]:
        raise RuntimeError(f"{found['streams']} of {found['streams_expected']} streams arrived")
    return found


def measure(name: str, workload: str, seconds: float, extra: list[str]) -> Run:
    """One run in fresh processes. Raises Unavailable, or RuntimeError when the generator failed."""
    with server(name) as target:
        found = generate(target, workload, seconds, extra)
    return Run(
        found["server"]["us_per_packet"],
        found["packets_per_second"],
        100 * found["lost"],
        found["delivered"],
        found["latency_ms"]["p99"],
        found["other_cores"],
        found["server"]["megabytes"],
    )


def show(workload: str, runs: dict[str, list[Run]]) -> None:
    """One line for each server: median and least of the runs, and the ratio to Janus by both."""
    base = runs.get(BASE)
    for name, found in runs.items():
        if not found:
            continue
        costs = [run.microseconds for run in found]
        median, least = statistics.median(costs), min(costs)
        line = f"{workload:8} {name:7} {median:7.2f} {least:7.2f}"
        if base and name != BASE:
            of_base = [run.microseconds for run in base]
            line += f"  {median / statistics.median(of_base):6.2f} {least / min(of_base):6.2f}"
        else:
            line += " " * 15
        line += f"  {statistics.median(run.rate for run in found):8,.0f}/s"
        line += f" {max(run.loss for run in found):6.2f}%"
        line += f" {min(run.delivered for run in found):8.2%}"
        line += f" {statistics.median(run.p99 for run in found):6.2f}"
        line += f" {statistics.median(run.memory for run in found):6.0f}"
        line += f" {max(run.noise for run in found):6.2f}"
        print(line, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--servers", default=f"native,python,{BASE}")
    parser.add_argument("--work", default=WORKLOADS, help="publishers x subscribers, with commas between")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("generator", nargs="*", help="further options for the generator, after --")
    options = parser.parse_args()
    print(
        "                 µs/packet        ratio to Janus                           "
        "arrived p99 ms     MB  noise\n"
        "load     server   median   least  median  least       rate    lost"
    )
    names = options.servers.split(",")
    for workload in options.work.split(","):
        runs: dict[str, list[Run]] = {name: [] for name in names}
        for _ in range(options.repeat):
            for name in list(names):
                try:
                    runs[name].append(measure(name, workload, options.seconds, options.generator))
                except Unavailable as reason:
                    print(f"{name} is left out: {reason}", flush=True)
                    names.remove(name)
                except RuntimeError as error:
                    print(f"{name}: {error}", file=sys.stderr, flush=True)
        show(workload, runs)


if __name__ == "__main__":
    main()
