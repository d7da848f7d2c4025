"""The parts put together into one running process, and taken apart again.

`serve` is world and media worker in one process over the in-process bus; `world` and `worker` are the
same parts in processes of their own over Redis. This is the only file that knows both sides.

Everything that a person can get wrong at the start (a busy port, a folder that cannot be written, a
database that does not answer) raises `StartError` with the one line to show.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from functools import cache
from importlib.metadata import version
from pathlib import Path

from aiohttp import web
from prometheus_client import CollectorRegistry, disable_created_metrics
from sqlalchemy.exc import SQLAlchemyError

from maps import templates
from maps.collision import FOOT_HALF_HEIGHT, FOOT_HALF_WIDTH
from signaling.bus import Bus, InProcessBus
from signaling.messages import MapInfo
from signaling.registry import InProcessRegistry, RedisRegistry, Registry
from signaling.tickets import Tickets
from web.addresses import advertised, printed_url
from web.app import AppParts, make_app, make_worker_app, program_version
from web.figures import figures_app
from web.health import Check
from web.ice import ice_servers
from web.map_library import TemplateMaps
from web.pulse import Pulse
from web.secret import BadSecret, kept_secret
from web.settings import Settings
from web.workers_seen import WorkersSeen
from world.api.identity import client_address
from world.api.origin import socket_origin
from world.api.seats import authenticate
from world.api.services import Services
from world.chat.files import FileLimits, FileStore
from world.chat.keeper import ChatKeeper
from world.chat.store import ChatStore
from world.chat.store import Limits as ChatLimits
from world.clients.gateway import gateway_handler
from world.media.placement import PlacementStore
from world.media.placement_store import InProcessPlacements
from world.metrics import WorldMetrics
from world.nodes.lease import LeaseStore
from world.nodes.lease_keeper import LeaseKeeper
from world.nodes.lease_store import InProcessLeases
from world.nodes.node import WorldNode
from world.overview.installation import Overview
from world.overview.reporter import Reporter
from world.running.state import InProcessPositions, PositionStore
from world.service import WorldService
from world.space.ground import Ground
from world.storage.bans import BanStore
from world.storage.database import BadDatabase, Database
from world.storage.invites import InviteStore
from world.storage.migrate import UnknownRevision, upgrade
from world.storage.passwords import Passwords
from world.storage.servers import ServerStore
from world.storage.sessions import SessionStore
from world.storage.users import UserStore
from world.storage.zones import ZoneStore

# How long one part may take to end, and all of them (seconds): SIGTERM is answered within 3 s.
PART_SECONDS = 1.0
CLOSE_SECONDS = 2.5
BACKLOG = 1024
# Media workers of one process: one event loop serves their handshakes and RTCP.
MAX_FORWARDERS = 64
# A connection may stay so long without a whole request (seconds): browsers keep a few for the next one,
# and strangers keep many half ones.
IDLE_SECONDS = 30.0

log = logging.getLogger("atrium")


class StartError(Exception):
    """Why we cannot start, in one line."""


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
    listening = _listen(settings.host, settings.port)
    stack.callback(listening.close)
    # When a series began says nothing that a restart does not, and doubles their number.
    disable_created_metrics()  # type: ignore[no-untyped-call]
    registry = CollectorRegistry()
    checks: dict[str, Check] = {}
    bus = _bus(settings, stack, checks)
    workers = _registry(settings, stack)
    pulse = Pulse(registry, program_version())
    pulse.start()
    _at_end(stack, "pulse", pulse.close)
    if world:
        app, end_world = await _make_world(settings, stack, bus, checks, registry, pulse, workers)
    else:
        app, end_world = make_worker_app(checks, registry, _metrics_token(settings)), None
    if worker:
        # After the world, which has to hear the first heartbeat: whoever joins at once has media at once.
        drains += await _start_workers(settings, stack, bus, registry, workers)
    await _start_figures(settings, stack, registry)
    runner = http_runner(app)
    await runner.setup()
    _at_end(stack, "http", runner.cleanup)
    if end_world is not None:
        # Before the server's own end, which would cut the sockets without a word.
        _at_end(stack, "world", end_world)
    site = web.SockSite(runner, listening, backlog=BACKLOG)
    await site.start()
    _at_end(stack, "listening", site.stop)
    return printed_url(settings.host, listening.getsockname()[1], settings.public_url if world else "")


def _metrics_token(settings: Settings) -> str | None:
    """For the public port; None when the figures are not there."""
    return settings.metrics_token if settings.metrics_port is None else None


async def _start_figures(settings: Settings, stack: AsyncExitStack, registry: CollectorRegistry) -> None:
    """Serve the figures on their own port, where one is set."""
    if settings.metrics_port is None:
        return
    host = settings.metrics_host or settings.host
    listening = _listen(host, settings.metrics_port, "ATRIUM_METRICS_PORT", "ATRIUM_METRICS_HOST")
    stack.callback(listening.close)
    runner = http_runner(figures_app(registry, settings.metrics_token))
    await runner.setup()
    _at_end(stack, "metrics", runner.cleanup)
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
    _at_end(stack, "bus", bus.close)
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
                _port_error(error, "UDP", host, port, "ATRIUM_MEDIA_PORT", "ATRIUM_MEDIA_HOST")
            ) from error
        except (ValueError, RuntimeError) as error:
            raise StartError(str(error)) from error
        _at_end(stack, one, part.close)
        drains.append(part.drain)
    return drains


async def _make_world(
    settings: Settings,
    stack: AsyncExitStack,
    bus: Bus,
    checks: dict[str, Check],
    registry: CollectorRegistry,
    pulse: Pulse,
    registry_of_workers: Registry,
) -> tuple[web.Application, Callable[[], Awaitable[None]]]:
    secret = _secret(settings)
    database = await open_database(settings)
    _at_end(stack, "database", database.close)
    passwords = Passwords()
    stack.callback(passwords.close)
    workers = WorkersSeen(bus, registry)
    stack.callback(workers.close)
    checks |= {"database": database.ping, "worker": workers.check}
    tickets = Tickets(secret)
    servers = ServerStore(database)
    ice = ice_servers(settings)
    positions, leases, placements = _shared(settings)
    metrics = WorldMetrics(registry)
    chat = ChatStore(database, ChatLimits(settings.chat_lines, settings.chat_days))
    files = FileStore(database, _data_folder(settings) / "files", file_limits(settings))
    keeper = ChatKeeper(chat, files, metrics.chat_lost.inc)
    keeper.start()
    _at_end(stack, "chat", keeper.close)
    service = WorldService(
        directory=servers,
        bus=bus,
        tickets=tickets,
        load_map=load_map,
        map_info=map_info,
        ice_servers=ice,
        positions=positions,
        leases=LeaseKeeper(leases),
        archive=keeper,
        metrics=metrics,
        devices_per_user=settings.devices_per_user,
        devices_per_zone=settings.devices_per_zone,
        registry=registry_of_workers,
        placements=placements,
        region=settings.region,
    )
    node = WorldNode(service, bus, positions)
    reporter = Reporter(
        *(bus, service.leases.node, program_version()),
        lambda: [live for _, live in service.spaces],
        node.clients.count,
        lambda: (pulse.cpu, pulse.lag),
        f"{socket.gethostname()}:{settings.port}",
    )
    reporter.start()
    _at_end(stack, "reporter", reporter.close)
    overview = Overview(bus)
    stack.callback(overview.close)
    services = Services(
        users=UserStore(database, passwords, avatars=avatar_names()),
        sessions=SessionStore(database, timedelta(days=settings.session_days)),
        servers=servers,
        zones=ZoneStore(database),
        invites=InviteStore(database),
        bans=BanStore(database),
        chat=chat,
        files=files,
        maps=TemplateMaps(),
        tickets=tickets,
        world=node,
        public_url=settings.public_url or None,
        trusted_proxies=settings.trusted_proxies,
        ice_servers=ice,
        admins=settings.admins,
        overview=overview.look,
        drain=overview.drain,
    )
    await node.start()
    gateway = gateway_handler(node, authenticate, socket_origin, client_address)
    parts = AppParts(services, gateway, templates.asset, checks, registry, _metrics_token(settings))
    return make_app(parts), node.close


def _shared(settings: Settings) -> tuple[PositionStore, LeaseStore, PlacementStore]:
    """What world nodes share: positions, who owns which space, and which workers carry it."""
    if not settings.redis_url:
        return InProcessPositions(), InProcessLeases(), InProcessPlacements()
    from world.media.placement_redis import RedisPlacements
    from world.nodes.lease_redis import RedisLeases
    from world.running.state_redis import RedisPositions

    url = settings.redis_url
    return RedisPositions(url), RedisLeases(url), RedisPlacements(url)


def _registry(settings: Settings, stack: AsyncExitStack) -> Registry:
    registry = RedisRegistry(settings.redis_url) if settings.redis_url else InProcessRegistry()
    _at_end(stack, "registry", registry.close)
    return registry


def file_limits(settings: Settings) -> FileLimits:
    """The bounds of chat files, in bytes."""
    megabyte = 1024 * 1024
    return FileLimits(
        settings.chat_file_mb * megabyte, settings.chat_user_mb * megabyte, settings.chat_server_mb * megabyte
    )


@cache
def avatar_names() -> tuple[str, ...]:
    """The avatars to choose from: the sheets that the art brings."""
    return tuple(sorted(sheet.stem for sheet in (templates.FOLDER / "avatars").glob("*.png")))


def load_map(name: str) -> Ground:
    """The geometry of a map. Raises LookupError or MapError (a ValueError)."""
    return templates.template(name).game_map


@cache
def map_info(name: str) -> MapInfo:
    """What clients are told of a map."""
    template = templates.template(name)
    game_map = template.game_map
    return MapInfo(
        name=template.name,
        url=template.map_url,
        width=game_map.width,
        height=game_map.height,
        tile=game_map.tile,
        foot_half_width=FOOT_HALF_WIDTH,
        foot_half_height=FOOT_HALF_HEIGHT,
    )


# --- what can be wrong ---------------------------------------------------------------------------


async def open_database(settings: Settings) -> Database:
    """The database of the settings, migrated. Raises StartError."""
    url = settings.database_url or f"sqlite:///{_data_folder(settings) / 'atrium.db'}"
    try:
        database = Database(url)
    except BadDatabase as error:
        raise StartError(str(error)) from None
    except OSError as error:
        raise StartError(f"the database's folder cannot be made: {error}") from error
    try:
        await upgrade(database)
    except Exception as error:
        await database.close()
        if isinstance(error, UnknownRevision):
            raise StartError(str(error)) from None
        # The drivers' own errors have no common root with SQLAlchemy's.
        drivers = type(error).__module__.startswith(("asyncpg", "sqlite3", "alembic"))
        if not drivers and not isinstance(error, SQLAlchemyError | OSError | TimeoutError):
            raise
        where = database.url.render_as_string(hide_password=True)
        reason = str(error.__cause__ or error).strip().splitlines() or [type(error).__name__]
        raise StartError(f"the database {where} cannot be used: {reason[0]}") from error
    return database


def _data_folder(settings: Settings) -> Path:
    """The data folder, made if need be and tried. Raises StartError."""
    folder = settings.data
    try:
        folder.mkdir(parents=True, exist_ok=True)
        trial = folder / f".trial-{os.getpid()}"
        trial.touch()
        trial.unlink()
    except OSError as error:
        raise StartError(
            f"the data folder {folder} cannot be written ({error.strerror}): set ATRIUM_DATA to another one"
        ) from error
    return folder


def _secret(settings: Settings) -> str:
    if settings.secret:
        return settings.secret
    folder = _data_folder(settings)
    try:
        return kept_secret(folder)
    except BadSecret as error:
        raise StartError(str(error)) from None
    except OSError as error:
        raise StartError(f"the secret in {folder} cannot be read or made: {error.strerror}") from error


def _listen(
    host: str, port: int, port_env: str = "ATRIUM_PORT", host_env: str = "ATRIUM_HOST"
) -> socket.socket:
    """A bound TCP socket. Raises StartError."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise StartError(f"{host} is no address of this machine ({host_env}): {error.strerror}") from error
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        # With SO_REUSEADDR two can bind one port; the second is refused when it listens.
        listening.listen(BACKLOG)
        listening.setblocking(False)
    except OSError as error:
        listening.close()
        raise StartError(_port_error(error, "TCP", host, port, port_env, host_env)) from error
    return listening


def _port_error(error: OSError, kind: str, host: str, port: int, port_env: str, host_env: str) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"{kind} port {port} on {host} is in use: stop what uses it, or set {port_env} to another one"
    if error.errno == errno.EACCES:
        return f"{kind} port {port} on {host} is not allowed to us: set {port_env} to one above 1023"
    reason = error.strerror or str(error)
    return f"{kind} port {port} cannot be opened on {host} ({reason}): check {host_env} and {port_env}"


def _at_end(stack: AsyncExitStack, name: str, close: Callable[[], Awaitable[object]]) -> None:
    """End this part when the stack is unwound; one that hangs or fails does not keep the others."""

    async def end() -> None:
        try:
            async with asyncio.timeout(PART_SECONDS):
                await close()
        except TimeoutError:
            log.warning("%s did not end in time", name)
        except Exception:
            log.exception("%s did not end cleanly", name)

    stack.push_async_callback(end)
