"""`atrium bench`: measures a packet's cost on this machine; `--plan` says how many people that is."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from dataclasses import asdict

from web.commands.command import Command, failed
from web.settings import Settings

MAX_SECONDS = 30.0


def arguments(parser: ArgumentParser) -> None:
    """How long, and with what."""
    parser.add_argument("--plan", action="store_true", help="also say how many people this machine carries")
    parser.add_argument("--seconds", type=float, default=1.0, help="for each of four rounds (default: 1)")
    parser.add_argument("--bandwidth", type=float, metavar="MBIT", help="the network's Mbit/s, each way")
    parser.add_argument("--workers", type=int, help="workers to plan with (default: one less than cores)")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")


def run(settings: Settings, given: Namespace) -> int:
    """Measure and print."""
    from web.plan import machine
    from web.plan.measure import CannotMeasure, measure
    from web.plan.model import TALKING, WATCHING, Machine, plan

    if not 0.2 <= given.seconds <= MAX_SECONDS:
        return failed(f"--seconds is 0.2 to {MAX_SECONDS:.0f}", 2)
    workers = given.workers if given.workers is not None else max(1, machine.cores() - 1)
    if workers < 1 or (given.bandwidth is not None and given.bandwidth <= 0):
        return failed("--workers and --bandwidth are above 0", 2)
    try:
        found = measure(settings.plane, given.seconds)
    except (CannotMeasure, OSError, RuntimeError) as error:
        return failed(str(error), 1)
    told = machine.network()
    network = given.bandwidth * 1e6 if given.bandwidth else told or machine.ASSUMED_BITS
    here = Machine(workers, network, machine.memory(), found.costs, found.slot_bytes)
    plans = [plan(here, crowd) for crowd in (TALKING, WATCHING)] if given.plan else []
    if given.json:
        print(
            json.dumps({"plane": found.plane, "machine": asdict(here), "plans": [asdict(p) for p in plans]})
        )
        return 0
    costs = found.costs
    print(f"{found.plane} plane, AES-128-GCM, CPU µs, this machine, now:")
    print(f"  audio: {costs.audio_out:.2f} for each packet sent, {costs.audio_in:.2f} for each received")
    print(f"  video: {costs.video_out:.2f} for each packet sent, {costs.video_in:.2f} for each received")
    print(
        f"  a core sends {1e6 / costs.audio_out:,.0f} audio or {1e6 / costs.video_out:,.0f} video packets/s"
    )
    if costs.lost > 0.01:
        print(
            f"  {costs.lost:.0%} was lost while measuring: the machine is busy, take this for a lower bound"
        )
    if not plans:
        return 0
    source = "as given" if given.bandwidth else "the card's" if told else "assumed: see --bandwidth"
    print(
        f"\nPlanned with {workers} worker{'s' * (workers > 1)} (a core each), {network / 1e6:,.0f} Mbit/s "
        f"({source}), {here.memory / 2**30:.1f} GiB:"
    )
    for one in plans:
        print(f"\n  {one.people:,} people {one.crowd.name} ({one.packets:,.0f} packets/s)")
        for name, people, used in (
            ("CPU", one.cpu, one.cpu_used),
            ("network", one.network, one.network_used),
            ("memory", one.memory, one.memory_used),
        ):
            mark = "← the limit" if name == one.limit else ""
            print(f"    {name:<8} would do for {people:>9,}; {used:>4.0%} used then {mark}")
    return 0


COMMAND = Command(
    "bench", "measure a packet's cost here, and plan how many people that is (--plan)", run, arguments
)
