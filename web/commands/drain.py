"""`atrium drain WORKER`: let a media worker's people move to others, so that it can be stopped.

The worker takes nobody new, the world asks everybody on it to make new connections elsewhere, and their old
ones go on until those stand. The command waits until nobody is left; ending it before that does not end the
draining, `--cancel` does.
"""

from __future__ import annotations

import asyncio
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable

from signaling.bus import Bus
from signaling.codec import decode_reply, encode_control
from signaling.control import DRAIN_SECONDS, Done, Drain, worker_topic
from signaling.registry import Registry
from web.commands.command import Command, failed, run_async, say
from web.settings import Settings

LOOK_SECONDS = 0.5
ASK_SECONDS = 5.0
# After the deadline the worker gives up who is left; that is seen a moment later.
MORE_SECONDS = 10.0
# Nobody has moved for so long: why, and what comes of it, is told once.
STILL_SECONDS = 5.0


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("worker", metavar="WORKER", help="the worker's name, as `atrium top` shows it")
    parser.add_argument(
        "--deadline",
        type=_seconds,
        default=DRAIN_SECONDS,
        metavar="S",
        help="seconds after which whoever is left loses the connection and comes back elsewhere "
        f"(default {DRAIN_SECONDS:.0f})",
    )
    parser.add_argument("--cancel", action="store_true", help="take it back: the worker takes people again")


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 24 * 3600:
        raise ArgumentTypeError("a number of seconds from 0 to 86400")
    return seconds


def _run(settings: Settings, arguments: Namespace) -> int:
    if not settings.redis_url:
        return failed("atrium drain needs REDIS_URL: the worker is reached there", 2)
    command = Drain(arguments.deadline, arguments.cancel)
    try:
        return run_async(_connected(settings.redis_url, arguments.worker, command))
    except KeyboardInterrupt:
        return failed(f"{arguments.worker} goes on draining; --cancel takes it back", 130)


async def _connected(url: str, worker: str, command: Drain) -> int:
    from signaling.redis_bus import RedisBus
    from signaling.registry import RedisRegistry

    bus, registry = RedisBus(url), RedisRegistry(url)
    try:
        return await drain(bus, registry, worker, command, say)
    except ConnectionError as error:
        return failed(str(error), 1)
    finally:
        await bus.close()
        await registry.close()


async def drain(
    bus: Bus, registry: Registry, worker: str, command: Drain, tell: Callable[[str], None]
) -> int:
    """Ask the worker, and wait until nobody is on it. Returns the exit code.

    Raises ConnectionError when Redis is out of reach.
    """
    known = {beat.worker for beat in await registry.workers()}
    if worker not in known:
        there = ", ".join(sorted(known)) or "none"
        return failed(f"there is no worker {worker} (there are: {there})", 1)
    try:
        ask = encode_control(command)
        reply = decode_reply(await bus.request(worker_topic(worker), ask, ASK_SECONDS))
    except (LookupError, TimeoutError) as error:
        return failed(f"worker {worker} does not answer: {error}", 1)
    if not isinstance(reply, Done):
        return failed(f"worker {worker} cannot be drained: its release does not know how", 1)
    if command.cancel:
        tell(f"{worker} takes people again")
        return 0
    last, loop = -1, asyncio.get_running_loop()
    deadline = loop.time() + command.deadline
    until = deadline + MORE_SECONDS
    explain_at = until
    while loop.time() < until:
        beat = next((beat for beat in await registry.workers() if beat.worker == worker), None)
        if beat is None:
            tell(f"{worker} is gone")
            return 0
        if beat.draining and not beat.sessions:
            tell(f"{worker} carries nobody any more: it can be stopped")
            return 0
        if beat.sessions != last:
            last = beat.sessions
            tell(f"{worker}: {last} to move")
            explain_at = loop.time() + STILL_SECONDS
        if explain_at <= loop.time() < deadline:
            explain_at = until
            left = f"{deadline - loop.time():.0f} s"
            tell(f"{worker}: nobody moves now: WHIP and WHEP devices cannot, and people need room elsewhere")
            tell(
                f"{worker}: in {left} they are cut off; people come back elsewhere, devices have to open anew"
            )
        await asyncio.sleep(LOOK_SECONDS)
    return failed(f"{last} sessions are still on {worker}", 1)


COMMAND = Command(
    "drain", "let a media worker's people move to others, so that it can be stopped", _run, _arguments
)
