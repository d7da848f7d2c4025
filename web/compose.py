"""The parts put together into one running process, and taken apart again.

`serve` is world and media worker in one process over the in-process bus; `world` and `worker` are the
same parts in processes of their own over Redis. This is the only file that knows both sides; a world's
own parts are put together in `web.compose_world`.

Everything that a person can get wrong at the start (a busy port, a folder that cannot be written, a
database that does not answer) raises `StartError` (`web.starting`) with the one line to show.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from importlib.metadata import version

from aiohttp import web
from prometheus_client import CollectorRegistry, disable_created_metrics

from signaling.bus import Bus, InProcessBus
from signaling.registry import InProcessRegistry, RedisRegistry, Registry
from web.addresses import advertised, printed_url
from web.app import make_worker_app, program_version
from web.compose_world import make_world
from web.figures import figures_app, public_token
from web.health import Check
from web.pulse import Pulse
from web.settings import Settings
from web.starting import BACKLOG, PART_SECONDS, StartError, at_end, listen, port_error

# How long all parts may take to end (seconds): SIGTERM is answered within 3 s.
CLOSE_SECONDS = 2.5
# Media workers of one process: one event loop serves their handshakes and RTCP.
MAX_FORWARDERS = 64
# A connection may stay so long without a whole request (seconds): browsers keep a few for the next one,
# and strangers keep many half ones.
IDLE_SECONDS = 30.0

log = logging.getLogger("atrium")


# Lets a media worker's sessions move to others; ends when none is left, or after so long (seconds).
Drain = Callable[[float], Awaitable[None]]


async def run(
    settings: Settings,
    *,
    world: bool,
    worker: bool,
    stop: asyncio.Event,
    say: Callable[[str], None],
    hurry: asyncio.Event | None = None,
) -> None:
    """Start the parts, `say` where we are reached, run until `stop`, and end cleanly.

    A media worker on its own lets its sessions move to others first, unless it is to `hurry`.
    Raises StartError.
    """
    stack = AsyncExitStack()
    drains: list[Drain] = []
    try:
        url = await _start(settings, stack, drains, world=world, worker=worker)
        if not stop.is_set():
            say(f"AtriumVerse is ready: {url}" if world else f"The media worker is ready: {url}/healthz")
            await stop.wait()
            if not world:
                await _drained(drains, settings.drain_seconds, hurry or asyncio.Event())
    finally:
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await stack.aclose()
        except TimeoutError:
            log.warning("some parts did not end in time")


async def _drained(drains: list[Drain], seconds: float, hurry: asyncio.Event) -> None:
    """All drains are over, or somebody is in a hurry."""
    waiting = asyncio.ensure_future(asyncio.gather(*(drain(seconds) for drain in drains)))
    hurried = asyncio.ensure_future(hurry.wait())
    await asyncio.wait((waiting, hurried), return_when=asyncio.FIRST_COMPLETED)
    for task in (waiting, hurried):
        task.cancel()
    await asyncio.gather(waiting, hurried, return_exceptions=True)


async def _start(
    settings: Settings, stack: AsyncExitStack, drains: list[Drain], *, world: bool, worker: bool
) -> str:
    # The port first: it is the likeliest to be taken, and nothing has to be undone for it.
    listening = listen(settings.host, settings.port)
    stack.callback(listening.close)
    # When a series began says nothing that a restart does not, and doubles their number.
    disable_created_metrics()  # type: ignore[no-untyped-call]
    registry = CollectorRegistry()
    checks: dict[str, Check] = {}
    bus = _bus(settings, stack, checks)
    workers = _registry(settings, stack)
    pulse = Pulse(registry, program_version())
    pulse.start()
    at_end(stack, "pulse", pulse.close)
    if world:
        app, end_world = await make_world(settings, stack, bus, checks, registry, pulse, workers)
    else:
        app, end_world = make_worker_app(checks, registry, public_token(settings)), None
    if worker:
        # After the world, which has to hear the first heartbeat: whoever joins at once has media at once.
        drains += await _start_workers(settings, stack, bus, registry, workers)
    await _start_figures(settings, stack, registry)
    runner = http_runner(app)
    await runner.setup()
    at_end(stack, "http", runner.cleanup)
    if end_world is not None:
        # Before the server's own end, which would cut the sockets without a word.
        at_end(stack, "world", end_world)
    site = web.SockSite(runner, listening, backlog=BACKLOG)
    await site.start()
    at_end(stack, "listening", site.stop)
    return printed_url(settings.host, listening.getsockname()[1], settings.public_url if world else "")


async def _start_figures(settings: Settings, stack: AsyncExitStack, registry: CollectorRegistry) -> None:
    """Serve the figures on their own port, where one is set."""
    if settings.metrics_port is None:
        return
    host = settings.metrics_host or settings.host
    listening = listen(host, settings.metrics_port, "ATRIUM_METRICS_PORT", "ATRIUM_METRICS_HOST")
    stack.callback(listening.close)
    runner = http_runner(figures_app(registry, settings.metrics_token))
    await runner.setup()
    at_end(stack, "metrics", runner.cleanup)
    await web.SockSite(runner, listening).start()
    log.info("metrics are on %s port %d", host, listening.getsockname()[1])


def http_runner(app: web.Application, idle: float = IDLE_SECONDS) -> web.AppRunner:
    """What serves the application; connections without a whole request are closed after `idle` seconds."""
    return web.AppRunner(
        app,
        access_log=None,
        handle_signals=False,
        shutdown_timeout=PART_SECONDS,
        keepalive_timeout=idle,
    )


# --- the parts -----------------------------------------------------------------------------------


def _bus(settings: Settings, stack: AsyncExitStack, checks: dict[str, Check]) -> Bus:
    if not settings.redis_url:
        bus: Bus = InProcessBus()
    else:
        from signaling.redis_bus import RedisBus

        redis_bus = RedisBus(settings.redis_url)
        # It connects by itself, now or later: without Redis we run and are not ready.
        checks["bus"] = redis_bus.settled
        bus = redis_bus
    at_end(stack, "bus", bus.close)
    return bus


async def _start_workers(
    settings: Settings, stack: AsyncExitStack, bus: Bus, registry: CollectorRegistry, workers: Registry
) -> list[Drain]:
    """The media workers of this process: `NAME`, `NAME.2`, …, on one event loop, each with its own port."""
    from sfu.metrics import Metrics
    from sfu.worker import MediaSettings, Worker

    count = settings.forwarders or len(os.sched_getaffinity(0))
    if count > MAX_FORWARDERS:
        raise StartError(f"ATRIUM_FORWARDERS is at most {MAX_FORWARDERS}, not {count}")
    if settings.media_port and settings.media_port + count - 1 > 65535:
        raise StartError(
            f"{count} forwarders need the ports from {settings.media_port} on, and there is none over 65535: "
            "set ATRIUM_MEDIA_PORT to a lower one"
        )
    host = settings.media_host or settings.host
    told = advertised(host, settings.media_address)
    if not told:
        raise StartError(
            f"media listens on {host}, and no address of this machine was found to tell browsers: "
            "set ATRIUM_MEDIA_ADDRESS"
        )
    name = settings.worker_name or f"{socket.gethostname()}-{settings.media_port}"
    media = MediaSettings(
        host=host,
        port=settings.media_port,
        advertised=told,
        plane=settings.plane,
        tcp=settings.media_tcp == "yes",
        max_sessions=settings.max_sessions,
        max_mbit=settings.max_mbit,
        pipe_host=settings.pipe_address or None,
        region=settings.region,
        version=version("atriumverse"),
        video_codecs=settings.video_codecs,
    )
    metrics = Metrics(registry)
    drains: list[Drain] = []
    for place in range(count):
        port = media.port + place if media.port else 0
        one = name if place == 0 else f"{name}.{place + 1}"
        part = Worker(one, bus, replace(media, port=port), metrics, workers)
        try:
            await part.start()
        except OSError as error:
            raise StartError(
                port_error(error, "UDP", host, port, "ATRIUM_MEDIA_PORT", "ATRIUM_MEDIA_HOST")
            ) from error
        except (ValueError, RuntimeError) as error:
            raise StartError(str(error)) from error
        at_end(stack, one, part.close)
        drains.append(part.drain)
    return drains


def _registry(settings: Settings, stack: AsyncExitStack) -> Registry:
    registry = RedisRegistry(settings.redis_url) if settings.redis_url else InProcessRegistry()
    at_end(stack, "registry", registry.close)
    return registry
