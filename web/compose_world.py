"""A world put together: storage, the running world, the API and the gateway, out of the settings."""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import cache

from aiohttp import web
from prometheus_client import CollectorRegistry

from maps import templates
from maps.collision import FOOT_HALF_HEIGHT, FOOT_HALF_WIDTH
from signaling.bus import Bus
from signaling.messages import MapInfo
from signaling.registry import Registry
from signaling.tickets import Tickets
from web.app import AppParts, make_app, program_version
from web.figures import public_token
from web.health import Check
from web.ice import ice_servers
from web.map_library import TemplateMaps
from web.pulse import Pulse
from web.settings import Settings
from web.starting import at_end, data_folder, open_database, signing_secret
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
from world.overview.workers_seen import WorkersSeen
from world.running.state import InProcessPositions, PositionStore
from world.service import WorldService
from world.space.ground import Ground
from world.storage.bans import BanStore
from world.storage.invites import InviteStore
from world.storage.passwords import Passwords
from world.storage.servers import ServerStore
from world.storage.sessions import SessionStore
from world.storage.users import UserStore
from world.storage.zones import ZoneStore


async def make_world(
    settings: Settings,
    stack: AsyncExitStack,
    bus: Bus,
    checks: dict[str, Check],
    registry: CollectorRegistry,
    pulse: Pulse,
    registry_of_workers: Registry,
) -> tuple[web.Application, Callable[[], Awaitable[None]]]:
    """The application, and what ends the world in it. Raises StartError."""
    secret = signing_secret(settings)
    database = await open_database(settings)
    at_end(stack, "database", database.close)
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
    files = FileStore(database, data_folder(settings) / "files", file_limits(settings))
    keeper = ChatKeeper(chat, files, metrics.chat_lost.inc)
    keeper.start()
    at_end(stack, "chat", keeper.close)
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
    at_end(stack, "reporter", reporter.close)
    overview = Overview(bus, workers)
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
    parts = AppParts(services, gateway, templates.asset, checks, registry, public_token(settings))
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
