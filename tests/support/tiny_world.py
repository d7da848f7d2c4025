"""A whole running world on a tiny map, with real WebSockets and without database and media.

The map is 1600 × 1600 px. A private room lies at the top left (0..400), a second one beside it
(400..800), the rest is the Hall but for a strip at the bottom (y >= 1500) that belongs to no zone. A
wall stands at x = 1000..1032, y = 800..1600.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import aiohttp
from aiohttp import web

from signaling import messages as m
from signaling.bus import InProcessBus
from signaling.codec import decode_server, encode
from signaling.tickets import Tickets
from tests.support.fake_worker import FakeWorker
from world.chat.archive import ChatArchive
from world.clients.gateway import gateway_handler
from world.nodes.lease import LeaseStore
from world.nodes.lease_keeper import LeaseKeeper
from world.nodes.lease_store import InProcessLeases
from world.nodes.node import WorldNode
from world.records import Member, Seat, ServerRecord, Spawn, ZoneRecord
from world.running.refusals import Refused
from world.running.state import InProcessPositions, PositionStore
from world.service import WorldService
from world.space.ground import Ground

SERVER = "server-1"
ROOM_1, ROOM_2, HALL = "room-1", "room-2", "zone-hall"
WALL = (1000.0, 800.0, 1032.0, 1600.0)
M = TypeVar("M", bound=m.ServerMessage)


def zone(zone_id: str, kind: m.ZoneType, x: float, y: float, width: float, height: float) -> ZoneRecord:
    """A zone of the tiny server."""
    return ZoneRecord(
        zone_id, SERVER, zone_id.title(), kind, m.Bounds(x, y, width, height), f"meet-{zone_id}"
    )


def tiny_record(server_id: str = SERVER) -> ServerRecord:
    """The server that stands on the tiny map."""
    zones = (
        zone(ROOM_1, "PRIVATE", 0, 0, 400, 400),
        zone(ROOM_2, "PRIVATE", 400, 0, 400, 400),
        zone(HALL, "PUBLIC", 0, 400, 1600, 1100),
    )
    return ServerRecord(
        server_id, "owner", "Tiny", "tiny", "public", zones, (Spawn("Spawn_main", 600.0, 700.0),)
    )


class Walls:
    """Collision of rectangles (x0, y0, x1, y1) on a map; feet are points."""

    def __init__(self, width: float, height: float, *walls: tuple[float, float, float, float]) -> None:
        self._size = width, height
        self._walls = walls

    def free(self, x: float, y: float) -> bool:
        if not (0 <= x < self._size[0] and 0 <= y < self._size[1]):
            return False
        return not any(x0 <= x < x1 and y0 <= y < y1 for x0, y0, x1, y1 in self._walls)

    def clear_path(self, x0: float, y0: float, x1: float, y1: float) -> bool:
        steps = max(1, int(max(abs(x1 - x0), abs(y1 - y0))))
        return all(
            self.free(x0 + (x1 - x0) * i / steps, y0 + (y1 - y0) * i / steps) for i in range(steps + 1)
        )


@dataclass(frozen=True)
class TinyGround:
    """A map without a picture."""

    width: float = 1600.0
    height: float = 1600.0
    tile: int = 32
    walls: tuple[tuple[float, float, float, float], ...] = (WALL,)

    @property
    def collision(self) -> Walls:
        return Walls(self.width, self.height, *self.walls)


@dataclass
class FakeDirectory:
    """Storage in dicts; `fail` makes it raise."""

    records: dict[str, ServerRecord] = field(default_factory=lambda: {SERVER: tiny_record()})
    positions: dict[tuple[str, str], tuple[float, float]] = field(default_factory=dict)
    saves: list[tuple[str, str, float, float]] = field(default_factory=list)
    fail: bool = False

    async def server(self, server_id: str) -> ServerRecord | None:
        return self.records.get(server_id)

    async def member(self, server_id: str, user_id: str) -> Member | None:
        x, y = self.positions.get((server_id, user_id), (None, None))
        return Member(user_id, user_id, user_id.title(), "avatar-1", "member", x, y)

    async def save_position(self, server_id: str, user_id: str, x: float, y: float) -> None:
        if self.fail:
            raise OSError("the database is away")
        self.saves.append((server_id, user_id, x, y))
        self.positions[server_id, user_id] = x, y


MAP_INFO = m.MapInfo("tiny", "/maps/tiny.json", 1600, 1600, 32, 8, 5)


class Avatar:
    """A scripted client: sends messages, keeps what it is told."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        self.ws = ws
        self.seen: list[m.ServerMessage] = []
        self.seq = 0
        self.x = self.y = 0.0
        self.welcome: m.Welcome
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for message in self.ws:
            self.seen.append(decode_server(message.data))

    @property
    def user_id(self) -> str:
        return self.welcome.you.user_id

    @property
    def session(self) -> str:
        return self.welcome.you.session

    async def send(self, message: m.Message) -> None:
        await self.ws.send_bytes(encode(message))

    async def expect(self, kind: type[M], fits: Callable[[M], bool] = lambda message: True) -> M:
        """The first message of a kind that fits, among all that came and will come within 3 s."""
        found: list[M] = []

        def look() -> bool:
            found[:] = [s for s in self.seen if isinstance(s, kind) and fits(s)]
            return bool(found)

        await until(look, lambda: f"{kind.__name__} among {self.seen}")
        self.seen.remove(found[0])
        return found[0]

    def told(self, kind: type[M]) -> list[M]:
        """Everything of this kind that came so far and was not expected yet."""
        return [s for s in self.seen if isinstance(s, kind)]

    async def step(self, x: float, y: float, direction: m.Direction = "down") -> int:
        """Claim to be at (x, y)."""
        self.seq += 1
        await self.send(m.PlayerMove(x, y, direction, self.seq))
        self.x, self.y = x, y
        return self.seq

    async def sync(self) -> None:
        """Until the world has taken everything that was sent."""
        at = time.perf_counter()
        await self.send(m.Ping(at))
        await self.expect(m.Pong, lambda pong: pong.at == at)

    async def leave(self) -> None:
        """Close the socket."""
        await self.ws.close()
        await self._reader

    async def ended(self) -> m.Closing:
        """The `closing` that the world sent before it closed the socket."""
        closing = await self.expect(m.Closing)
        await asyncio.wait_for(self._reader, 20)
        return closing


async def until(
    condition: Callable[[], bool], what: str | Callable[[], str] = "", seconds: float = 20.0
) -> None:
    """Wait until the condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain: {what if isinstance(what, str) else what()}"
        await asyncio.sleep(0.005)


class TinyWorld:
    """The world behind a real HTTP server on a free port. Users are whoever `?user=` says."""

    def __init__(
        self,
        positions: PositionStore | None = None,
        directory: FakeDirectory | None = None,
        ground: Ground | None = None,
        leases: LeaseStore | None = None,
        beside: TinyWorld | None = None,
        archive: ChatArchive | None = None,
        **options: float,
    ) -> None:
        # `beside` another world: a second node of it, which shares all but the process.
        self.bus: InProcessBus = beside.bus if beside is not None else InProcessBus()
        self.worker: FakeWorker = beside.worker if beside is not None else FakeWorker(self.bus)
        self.leases: LeaseStore = beside.leases if beside is not None else leases or InProcessLeases()
        self.positions: PositionStore = (
            beside.positions if beside is not None else positions or InProcessPositions()
        )
        self._shares = beside is not None
        self.directory: FakeDirectory = (
            beside.directory if beside is not None else directory or FakeDirectory()
        )
        self.wall: Callable[[], float] = time.time
        self.seats: dict[str, Seat] = {}
        self.tickets = Tickets("s" * 32)
        the_ground: Ground = ground or TinyGround()
        self.world = WorldService(
            directory=self.directory,
            bus=self.bus,
            tickets=self.tickets,
            load_map=lambda name: the_ground,
            map_info=lambda name: MAP_INFO,
            positions=self.positions,
            leases=LeaseKeeper(self.leases),
            archive=archive,
            wall=lambda: self.wall(),
            **options,  # type: ignore[arg-type]
        )
        self.node = WorldNode(self.world, self.bus, self.positions)
        self.url = ""

    async def authenticate(self, request: web.Request, server_id: str, join: m.Join) -> Seat:
        user = request.query.get("user", "")
        if not user:
            raise Refused("not_logged_in", "please log in")
        return self.seats.get(user) or Seat(user, user.title(), "avatar-1", "walker", "member")

    async def __aenter__(self) -> TinyWorld:
        await self.node.start()
        await self.worker.heartbeat()
        app = web.Application()
        handler = gateway_handler(
            self.node, self.authenticate, address_of=lambda r: r.headers.get("X-From", "here")
        )
        app.router.add_get("/ws/{server_id}", handler)
        self._runner = web.AppRunner(app, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}/ws"
        self.http = aiohttp.ClientSession()
        self._avatars: list[Avatar] = []
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.node.close()
        await self.http.close()
        await self._runner.cleanup()
        for avatar in self._avatars:
            await asyncio.wait_for(asyncio.gather(avatar._reader, return_exceptions=True), 3)
        if not self._shares:
            await self.bus.close()

    async def connect(self, user: str, server: str = SERVER, **headers: str) -> Avatar:
        """A socket that has not joined yet."""
        ws = await self.http.ws_connect(f"{self.url}/{server}?user={user}", headers=headers, max_msg_size=0)
        avatar = Avatar(ws)
        self._avatars.append(avatar)
        return avatar

    async def join(
        self, user: str, at: tuple[float, float] | None = None, resume: str | None = None
    ) -> Avatar:
        """Somebody joins, at a place that they had last if one is given."""
        if at is not None:
            self.directory.positions[SERVER, user] = at
        avatar = await self.connect(user)
        await avatar.send(m.Join(resume=resume))
        avatar.welcome = await avatar.expect(m.Welcome)
        avatar.x, avatar.y = avatar.welcome.you.x, avatar.welcome.you.y
        return avatar

    async def on_air(self, avatar: Avatar, *sources: m.Source, worker: FakeWorker | None = None) -> None:
        """Set up the avatar's media; its sources are on and their packets come in, to the world's only worker
        or to this one."""
        worker = worker or self.worker
        flags = m.MediaState(mic="mic" in sources, camera="camera" in sources, screen="screen" in sources)
        await avatar.send(flags)
        await avatar.send(m.MediaOffer("v=0 offer", {}))
        await avatar.expect(m.PublishAnswer)
        await avatar.expect(m.SubscribeOffer)
        await avatar.send(m.MediaAnswer("v=0 answer"))
        await worker.produce(avatar.session, *sources)
        await until(lambda: avatar.session in worker.routes, "routes of the new session")


def shows(user_id: str) -> Callable[[m.Players], bool]:
    """Whether a `players` message says that somebody came."""
    return lambda players: any(p.user_id == user_id for p in players.joined)


def left(user_id: str) -> Callable[[m.Players], bool]:
    """Whether a `players` message says that somebody went."""
    return lambda players: user_id in players.left
