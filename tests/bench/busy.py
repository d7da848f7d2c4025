"""Latency of the whole server at half load, alone and while people come and go: `python -m tests.bench.busy`.

`atrium serve` on one core carries a room of publishers and listeners (through WHIP and WHEP), as many as take
about half of that core (`cores` says what it was). Then the same room again while visitors join, publish or
listen for a second and leave, several a second: negotiation, ICE, DTLS, and new routes for everybody in the
room. Both on the same server, in turns. Latency is from before a publisher's send to when the kernel has the
packet for the listener. Both of the server's threads share that core, as an operator's system would let them:
under `chrt -f` control would keep it until it has nothing to do, so it is refused there.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import os
import statistics
import sys
from collections.abc import Callable, Iterator
from typing import Any

from tests.bench.peer_servers import GENERATOR_CORE, Target, Unavailable, pinned, server
from tests.bench.peers import generate
from tests.bench.visitors import STAY_SECONDS, visit

# Publishers x listeners that take half a core here, by plane.
LOADS = {"native": "10x100", "python": "10x45"}
VISITORS_A_SECOND = 6.0
# Publishers among the visitors who are there at once, and some who are late.
SPARE = round(VISITORS_A_SECOND * STAY_SECONDS / 2) + 1
ANSWER_SECONDS = 30.0


@contextlib.contextmanager
def visitors(target: Target, a_second: float) -> Iterator[Callable[[], list[float]]]:
    """People come and go meanwhile. What is given ends it and says how long each took to be connected (s)."""
    arguments = dict(zip(target.client[1::2], target.client[2::2], strict=True))
    here, there = multiprocessing.get_context("spawn").Pipe()
    addresses = arguments["--whip"], arguments["--whep"]
    process = multiprocessing.get_context("spawn").Process(
        target=visit, args=(addresses, arguments["--ticket"].split(","), a_second, there), daemon=True
    )
    with pinned(GENERATOR_CORE):
        process.start()
    there.close()  # so that its end is seen here, whatever it ends by

    def end() -> list[float]:
        here.send("end")
        if not here.poll(ANSWER_SECONDS):
            raise RuntimeError("the visitors do not end")
        try:
            took: list[float] = here.recv()
        except EOFError:
            raise RuntimeError("the visitors have failed") from None
        return took

    try:
        yield end
    finally:
        process.terminate()
        process.join()


def show(plane: str, control: str, found: list[dict[str, Any]], joins: list[float]) -> None:
    """One line: medians of the rounds, the worst of them for `max` and `lost`."""

    def median(part: str, of: str) -> float:
        return float(statistics.median(run[part][of] for run in found))

    line = f"{plane:8} {control:7} {median('server', 'cores'):6.2f} "
    line += f"{statistics.median(run['packets_per_second'] for run in found):9,.0f}/s"
    line += "".join(f" {median('latency_ms', part):8.2f}" for part in ("p50", "p99"))
    line += f" {max(run['latency_ms']['max'] for run in found):8.2f}"
    line += f" {max(100 * run['lost'] for run in found):6.2f}%"
    line += f" {max(run['other_cores'] for run in found):6.2f}"
    if joins:
        line += f" {len(joins):6} {statistics.median(joins) * 1000:8.0f}"
    print(line, flush=True)


def measure(plane: str, load: str, rounds: int, seconds: float, a_second: float) -> None:
    """One server, quiet and busy in turns."""
    quiet, busy, joins = [], [], []
    with server(plane) as target:
        for _ in range(rounds):
            quiet.append(generate(target, load, seconds, ["--spare", str(SPARE)]))
            with visitors(target, a_second) as end:
                busy.append(generate(target, load, seconds, ["--spare", str(SPARE)]))
                joins += end()
    show(plane, "quiet", quiet, [])
    show(plane, "busy", busy, joins)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--planes", default="native,python")
    parser.add_argument("--load", help="publishers x listeners, instead of what is half a core")
    parser.add_argument("--repeat", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--visitors", type=float, default=VISITORS_A_SECOND, help="that come in a second")
    options = parser.parse_args()
    if os.sched_getscheduler(0) in (os.SCHED_FIFO, os.SCHED_RR):
        parser.error("not under chrt -f: see above")
    print("plane    control  cores       rate   p50 ms   p99 ms      max    lost  noise  joins  ms each")
    for plane in options.planes.split(","):
        try:
            measure(plane, options.load or LOADS[plane], options.repeat, options.seconds, options.visitors)
        except Unavailable as reason:
            print(f"{plane} is left out: {reason}", flush=True)
        except RuntimeError as error:
            print(f"{plane}: {error}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
