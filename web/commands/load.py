"""`atrium load URL`: people who walk and talk, to see what an installation of yours carries."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from argparse import ArgumentParser, Namespace
from dataclasses import asdict
from pathlib import Path

from web.commands.command import Command, failed, run_async
from web.settings import Settings


def arguments(parser: ArgumentParser) -> None:
    """How many, how long, and whom."""
    parser.add_argument("url", metavar="URL", help="the installation, like http://127.0.0.1:8080")
    parser.add_argument("--people", type=int, default=20, metavar="N", help="who walk about (default: 20)")
    parser.add_argument("--talking", type=int, default=0, metavar="M", help="of them with media (default: 0)")
    parser.add_argument("--seconds", type=float, default=30.0, metavar="S", help="to measure (default: 30)")
    parser.add_argument("--video", action="store_true", help="who talks sends a camera's picture too")
    parser.add_argument("--map", default="office", help="the map to walk on (default: office)")
    parser.add_argument("--accounts", type=Path, metavar="FILE", help="keep the accounts there, and use them")
    parser.add_argument("--far", action="store_true", help="load an address that is not private: it is yours")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")


def run(settings: Settings, given: Namespace) -> int:
    """Load and print."""
    from web.load.accounts import CannotLoad
    from web.load.drive import MAX_PEOPLE, MAX_SECONDS, MAX_TALKING, Plan
    from web.load.reach import OutOfReach, Target, target
    from web.load.tally import Report, lines

    if not 1 <= given.people <= MAX_PEOPLE:
        return failed(f"--people is 1 to {MAX_PEOPLE}", 2)
    if not 0 <= given.talking <= min(given.people, MAX_TALKING):
        return failed(f"--talking is 0 to {MAX_TALKING}, and at most as many as --people", 2)
    if not 1 <= given.seconds <= MAX_SECONDS:
        return failed(f"--seconds is 1 to {MAX_SECONDS:.0f}", 2)
    plan = Plan(given.people, given.talking, given.seconds, given.video, given.map, given.accounts)

    async def loaded(known: Target) -> Report:
        from web.load.drive import load

        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        return await load(known, plan, stop, lambda line: print(line, file=sys.stderr, flush=True))

    try:
        found = run_async(loaded(target(given.url, given.far)))
    except (CannotLoad, OutOfReach) as error:
        return failed(str(error), 1)
    print(json.dumps(asdict(found)) if given.json else "\n".join(lines(found)))
    return 0


COMMAND = Command("load", "let people walk and talk, to see what an installation carries", run, arguments)
