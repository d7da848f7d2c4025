"""`atrium serve`, `atrium world`, `atrium worker`: the processes that run until they are told to end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
from argparse import Namespace

from web.commands.command import Command, failed, run_async, say
from web.settings import Settings


def _command(name: str, words: str, *, world: bool, worker: bool) -> Command:
    def run(settings: Settings, arguments: Namespace) -> int:
        if not (world and worker) and not settings.redis_url:
            return failed(f"atrium {name} needs REDIS_URL: it and the others meet there", 2)
        return _serve(settings, world=world, worker=worker)

    return Command(name, words, run)


def _serve(settings: Settings, *, world: bool, worker: bool) -> int:
    from signaling import tracing
    from web import telemetry
    from web.logs import log_to_stderr
    from web.starting import StartError
    from world.running.collector import calm_collector

    log_to_stderr(settings.log_level, settings.log_format)
    calm_collector()
    spans = telemetry.provider(os.environ, "serve" if world and worker else "world" if world else "worker")
    tracing.use(telemetry.tracer(spans) if spans is not None else None)
    try:
        run_async(_until_stopped(settings, world=world, worker=worker))
    except StartError as error:
        return failed(str(error), 1)
    except KeyboardInterrupt:
        return 130
    finally:
        if spans is not None:
            spans.shutdown()
    return 0


async def _until_stopped(settings: Settings, *, world: bool, worker: bool) -> None:
    from web.compose import run

    stop, hurry = asyncio.Event(), asyncio.Event()

    def told_to_end() -> None:
        """Once: in order. Once more: at once."""
        (hurry if stop.is_set() else stop).set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, told_to_end)
    # Where lines are for machines, this one is too.
    ready = say if settings.log_format == "text" else logging.getLogger("atrium").info
    await run(settings, world=world, worker=worker, stop=stop, say=ready, hurry=hurry)


COMMANDS = (
    _command("serve", "world and media worker in one process", world=True, worker=True),
    _command(
        "world",
        "pages, API and world only; media workers are reached through REDIS_URL",
        world=True,
        worker=False,
    ),
    _command(
        "worker",
        "a media worker only; the world is reached through REDIS_URL",
        world=False,
        worker=True,
    ),
)
