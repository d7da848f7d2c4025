"""The spaces that this node owns: loads them, seats people in them, and takes them out again.

Everything that concerns one running space is `world.live`; media is `world.media`; what a client says is
`world.talk`; who owns what is `world.lease_keeper`, and clients of spaces that others own are `world.node`.
This file knows who is connected to what, for how long a lost connection keeps its seat, and what is saved
when. Nothing here waits for storage between looking at a space and changing it.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import random
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from typing import Literal

from signaling.bus import Bus
from signaling.messages import (
    Chat,
    ClientMessage,
    Closing,
    Error,
    IceServer,
    Join,
    MapInfo,
    MediaAnswer,
    MediaChanged,
    MediaOffer,
    MediaState,
    MovedBack,
    Pin,
    Ping,
    PlayerMove,
    Players,
    Pong,
    Role,
    SendEmote,
    Welcome,
    ZoneEntered,
    ZoneExited,
    ZonesChanged,
)
from signaling.tickets import BadTicket, ResumeTicket, Tickets, new_session_id
from world import talk
from world.arrivals import Arrivals
from world.client import Client, Outlet
from world.devices import DEFAULT_PER_USER, DEFAULT_PER_ZONE, DeviceOpened, Devices
from world.directory import Directory
from world.frames import frame
from world.ground import Ground
from world.lease_keeper import LeaseKeeper
from world.live import LiveSpace, Outside
from world.media import Found, Media
from world.metrics import WorldMetrics
from world.player import Player
from world.records import Known, Seat
from world.saving import PositionSaver
from world.space import RoomClosed
from world.state import Fenced, InProcessPositions, Position, PositionStore, PositionWriter
from world.welcome import welcome

# A lost connection keeps its avatar so long (seconds): a resume in that time does not even flicker.
# Hearing and being heard end at once.
GRACE_SECONDS = 2.0
# An empty space is kept so long: those who come back soon find their mute state.
EMPTY_SECONDS = 30.0
RESUME_SECONDS = 24 * 3600.0
# Whose connection was lost in a room that is locked finds it open for so long after their seat was given
# up: a network that fails is no reason to stand before the door.
RETURN_SECONDS = 60.0
HOUSEKEEPING_SECONDS = 1.0
# A restart asks clients to come back spread over this time (ms), and more when there are many.
RESTART_MS = 1000
RESTART_MS_PER_CLIENT = 2.0

# A space that was taken over waits so long for its people (seconds): then those who have not come are
# told as gone, and later their media is ended.
GHOST_SECONDS = 3.0
ABANDON_SECONDS = 15.0
# Housekeeping that comes this late (seconds) means that we were asleep and deaf.
ASLEEP_SECONDS = 3.0

log = logging.getLogger("atrium.world")


class Refused(Exception):
    """No seat. `code` and `message` go to the client."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class NotHere(Exception):
    """Another node owns the space, or nobody knows yet who does."""


class WorldService:
    """One node's own spaces.

    Args:
        directory: storage.
        bus: the way to media workers.
        tickets: signs and reads resume tokens.
        load_map: the ground of a map by name; raises LookupError or ValueError when there is none.
        map_info: what clients are told of a map by name.
        ice_servers: STUN and TURN servers for a user id.
        positions: the position store; in process when None.
        leases: who owns which space; this process owns all when None.
        clock: monotonic seconds, the event loop's by default. wall: seconds since 1970.
    """

    def __init__(
        self,
        *,
        directory: Directory,
        bus: Bus,
        tickets: Tickets,
        load_map: Callable[[str], Ground],
        map_info: Callable[[str], MapInfo],
        ice_servers: Callable[[str], list[IceServer]] = lambda user_id: [],
        positions: PositionStore | None = None,
        leases: LeaseKeeper | None = None,
        metrics: WorldMetrics | None = None,
        wall: Callable[[], float] = time.time,
        grace: float = GRACE_SECONDS,
        empty: float = EMPTY_SECONDS,
        devices_per_user: int = DEFAULT_PER_USER,
        devices_per_zone: int = DEFAULT_PER_ZONE,
    ) -> None:
        self.metrics = metrics if metrics is not None else WorldMetrics()
        self.wall = wall
        self._directory = directory
        self._tickets = tickets
        self._load_map = load_map
        self._map_info = map_info
        self._ice_servers = ice_servers
        self._store = positions if positions is not None else InProcessPositions()
        self.leases = leases if leases is not None else LeaseKeeper(wall=wall)
        self._grace = grace
        self._empty = empty
        self._spaces: dict[str, LiveSpace] = {}
        self._empty_since: dict[str, float] = {}
        self._loading: dict[str, asyncio.Task[LiveSpace | None]] = {}
        self._recalled: dict[str, dict[str, Position]] = {}
        self._found: dict[str, dict[str, Found]] = {}
        # Leases of spaces that have ended and whose last positions may still have to be written.
        self._last_fence: dict[str, int] = {}
        self._kept_house = float("inf")
        self._tasks: set[asyncio.Task[None]] = set()
        self._departures: dict[Player, asyncio.TimerHandle] = {}
        self._arrivals = Arrivals()
        self._readings = itertools.count(1)
        self._housekeeping: asyncio.Task[None] | None = None
        self._closing = False
        # Told when a space of ours is there, and when it is not any more.
        self.opened: Callable[[LiveSpace], None] = lambda live: None
        self.ended: Callable[[LiveSpace], None] = lambda live: None
        self._media = Media(bus, self.now)
        self._devices = Devices(
            self._media, self.space, self._depart, self.now, devices_per_user, devices_per_zone
        )
        self._saver = PositionSaver(directory)
        self._writer = PositionWriter(
            self._store, self._everybody, self.metrics.positions_late.inc, self._fence
        )
        self._outside = Outside(
            routes=self._media.outbox.routes,
            positions=self._writer.note,
            wall=wall,
            monotonic=self.leases.clock,
        )

    def now(self) -> float:
        """The event loop's clock (seconds)."""
        return asyncio.get_running_loop().time()

    def _fence(self, server_id: str) -> int | None:
        live = self._spaces.get(server_id)
        return live.tenure.lease.epoch if live is not None else self._last_fence.get(server_id)

    # --- life ----------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Begin to listen to workers and to keep house."""
        self.leases.start()
        self._media.start()
        self._writer.start()
        self._saver.start()
        self._housekeeping = asyncio.get_running_loop().create_task(self._keep_house())

    async def close(self) -> None:
        """Send everybody away with a time to come back, save positions, and stop."""
        self._closing = True
        self.leases.changed = lambda server_id: None
        if self._housekeeping is not None:
            self._housekeeping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._housekeeping
        clients = [client for live in self._spaces.values() for client in live.clients.values()]
        spread = RESTART_MS + int(RESTART_MS_PER_CLIENT * len(clients))
        for client in clients:
            retry = RESTART_MS + random.randrange(spread)
            client.close(Closing("restarting", "the server restarts; come back in a moment", retry))
        for live in list(self._spaces.values()):
            self._drop(live)
        await self._media.close()
        await self._saver.close()
        await self._writer.close()
        await self.leases.close()
        await self._store.close()

    # --- spaces --------------------------------------------------------------------------------------

    def online(self, server_id: str) -> int:
        """How many people are present (devices are not people)."""
        live = self._spaces.get(server_id)
        if live is None:
            return 0
        return sum(player.presence != "device" for player in live.space.players.values())

    def people_in(self, server_id: str, zone_id: str) -> frozenset[str]:
        """The user ids of those who are in a zone now (devices are not people)."""
        live = self._spaces.get(server_id)
        if live is None:
            return frozenset()
        return frozenset(live.space.people_in(zone_id))

    def running(self, server_id: str) -> LiveSpace | None:
        """The space, if it is loaded here."""
        return self._spaces.get(server_id)

    def wanted(self, server_id: str) -> bool:
        """Whether we still need to own the space: it is loaded, or about to be, or just being left."""
        return server_id in self._spaces or server_id in self._loading or server_id in self._last_fence

    async def space(self, server_id: str) -> LiveSpace | None:
        """The running space of a server, loaded when it is not; None when there is no such server.

        Raises NotHere when another node owns it.
        """
        live = self._spaces.get(server_id)
        if live is not None:
            if live.owned:
                return live
            raise NotHere(server_id)
        loading = self._loading.get(server_id)
        if loading is None:
            loading = asyncio.get_running_loop().create_task(self._load(server_id))
            self._loading[server_id] = loading
            loading.add_done_callback(lambda _: self._loading.pop(server_id, None))
        return await asyncio.shield(loading)

    async def _load(self, server_id: str) -> LiveSpace | None:
        record = await self._directory.server(server_id)
        if record is None:
            return None
        ground = self._load_map(record.map_name)
        tenure = await self.leases.acquire(server_id)
        if tenure is None:
            raise NotHere(server_id)
        recalled: dict[str, Position] = {}
        found: dict[str, Found] = {}
        try:
            async with asyncio.timeout(1.0):
                recalled = await self._store.read(server_id, tenure.lease.epoch)
        except (ConnectionError, TimeoutError):
            pass
        except Fenced as error:
            raise NotHere(server_id) from error
        if recalled:
            found = await self._media.find(server_id)
        if self._closing:
            return None
        if tenure.ended:
            raise NotHere(server_id)
        live = LiveSpace(record, ground, self._outside, self.metrics, tenure)
        self._spaces[server_id] = live
        self._empty_since[server_id] = self.now()
        self._last_fence.pop(server_id, None)
        # What an earlier owner left behind is nobody's presence, but it is where they were.
        self._recalled[server_id] = recalled
        self._found[server_id] = found
        if recalled:
            loop = asyncio.get_running_loop()
            loop.call_later(GHOST_SECONDS, self._tell_ghosts, live, frozenset(recalled))
            loop.call_later(ABANDON_SECONDS, self._abandon, live)
        self.metrics.spaces.set(len(self._spaces))
        self.opened(live)
        return live

    def _tell_ghosts(self, live: LiveSpace, expected: frozenset[str]) -> None:
        """Those who were here under an earlier owner and have not come back are gone."""
        if not live.closed:
            self._writer.renew(live.record.id)
            gone = sorted(expected - live.space.players.keys())
            if gone:
                told = frame(Players(left=gone))
                for client in list(live.clients.values()):
                    client.send_frame(told)

    def _abandon(self, live: LiveSpace) -> None:
        if not live.closed:
            self._media.abandon(live, self._found.pop(live.record.id, {}))

    def evict(self, live: LiveSpace) -> None:
        """Another node owns this space now: forget it, and leave everything of it as it is."""
        if live.closed:
            return
        live.closed = True
        live.ticker.close()
        for client in live.clients.values():
            client.closed = True
        live.clients.clear()
        for player in live.space.players.values():
            departure = self._departures.pop(player, None)
            if departure is not None:
                departure.cancel()
        self._media.hand_over(live)
        self._devices.forget(live)
        self._writer.forget(live.record.id)
        self._saver.forget(live.record.id)
        self._forget(live)

    async def hand_over(self, live: LiveSpace) -> None:
        """Give the space to whoever wants it next: its last state is written, and its lease is free."""
        server_id = live.record.id
        live.tick(self.now())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.5):
                await self._writer.flushed()
        self.evict(live)
        await self.leases.release(server_id)

    def _forget(self, live: LiveSpace) -> None:
        for index in (self._spaces, self._empty_since, self._recalled, self._found):
            index.pop(live.record.id, None)
        self.metrics.spaces.set(len(self._spaces))
        self.ended(live)

    def _drop(self, live: LiveSpace) -> None:
        """End a space: everybody in it leaves, and what that means is written."""
        self._devices.close_of(live)
        for player in list(live.space.players.values()):
            live.clients.pop(player, None)
            self._depart(live, player)
        live.tick(self.now())
        live.ticker.close()
        live.closed = True
        self._media.space_closed(live.record.id)
        if not self._closing:
            self._media.abandon(live, self._found.pop(live.record.id, {}))
        self._last_fence[live.record.id] = live.tenure.lease.epoch
        self._forget(live)
        self._background(self._released(live.record.id))

    async def _released(self, server_id: str) -> None:
        """After its last positions are written the space is free."""
        if not self._closing:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    await self._writer.flushed()
            if server_id not in self._spaces and server_id not in self._loading:
                await self.leases.release(server_id)
                self._last_fence.pop(server_id, None)

    def _background(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _everybody(self, server_id: str) -> Mapping[str, Position]:
        live = self._spaces.get(server_id)
        if live is None:
            return {}
        return {user_id: live.position(player) for user_id, player in live.space.players.items()}

    # --- joining -------------------------------------------------------------------------------------

    async def join(self, server_id: str, seat: Seat, join: Join, outlet: Outlet) -> tuple[LiveSpace, Client]:
        """Give somebody their seat and send `welcome`. An older connection of theirs is closed.

        Raises:
            Refused: no such server or room, or the world is closing.
            NotHere: another node owns the space.
        """
        with self._arrivals.arriving(server_id, seat.user_id):
            last = await self._last_place(server_id, seat)
            live = await self._space_or_refuse(server_id)
            if not self._arrivals.may_sit(server_id, seat.user_id, seat.presence):
                raise Refused("removed", "you were removed from this server")
        # No await from here on: nobody can be removed, and no room can fill, in between.
        resumed = self._resumed(server_id, seat, join)
        recalled = self._recalled.get(server_id, {}).pop(seat.user_id, None)
        if recalled is not None:
            last = recalled.x, recalled.y
        player = live.space.players.get(seat.user_id)
        if player is not None and player.presence != seat.presence:
            # A guest who has become a member: another seat altogether.
            self._send_away(live, player, Closing("replaced", "you opened this server somewhere else", None))
            player = None
        try:
            if player is None:
                player = self._arrive(live, seat, resumed, last)
            else:
                self._take_over(live, player, seat, resumed)
        except LookupError as error:
            raise Refused("room_closed", str(error)) from error
        except RoomClosed as error:
            raise Refused(*error.refusal) from error
        client = self._connect(live, player, seat, outlet)
        client.send(self._welcome(live, client))
        live.wake()
        return live, client

    async def reseat(
        self, server_id: str, seat: Seat, known: Known, outlet: Outlet
    ) -> tuple[LiveSpace, Client]:
        """Seat a client that never left: its space has another owner, or its gateway lost the thread.

        It is told what it may have missed, and no `welcome`: its session and its media go on.
        Raises like `join`; Refused `replaced` when the user has come again elsewhere meanwhile.
        """
        with self._arrivals.arriving(server_id, seat.user_id):
            try:
                await self._last_place(server_id, seat)
            except Refused:
                raise
            except Exception as error:
                log.warning("whether somebody still belongs here cannot be asked: %s", error)
            live = await self._space_or_refuse(server_id)
            if not self._arrivals.may_sit(server_id, seat.user_id, seat.presence):
                raise Refused("removed", "you were removed from this server")
        player = live.space.players.get(seat.user_id)
        link = live.hearing.links.get(player) if player is not None else None
        if player is not None and link is not None and link.session != known.session:
            raise Refused("replaced", "you opened this server somewhere else")
        recalled = self._recalled.get(server_id, {}).pop(seat.user_id, None)
        known_place = player is not None or recalled is not None or seat.user_id in live.remembered
        if seat.presence == "walker" and known_place:
            # They came by a meeting link perhaps, and have walked on since.
            seat = replace(seat, zone_id=None)
        try:
            if player is None:
                last = (recalled.x, recalled.y) if recalled is not None else None
                player = self._arrive(live, seat, known.session, last, known)
            else:
                self._take_over(live, player, seat, known.session)
        except LookupError as error:
            raise Refused("room_closed", str(error)) from error
        except RoomClosed as error:
            raise Refused(*error.refusal) from error
        told = player.flags != known.flags
        player.flags, player.watch, player.pinned = known.flags, known.watch, known.pinned
        client = self._connect(live, player, seat, outlet)
        client.send(MovedBack(player.x, player.y, max(player.last_seq, 0)))
        live.whole_picture(client, live.remembered.keys())
        if known.media and live.hearing.links[player].worker is None:
            client.send(Error("media_lost", "the media worker was lost; offer again"))
        if told:
            live.tell_viewers(player, MediaChanged(player.user_id, player.flags))
        live.media_changed(player)
        return live, client

    def _connect(self, live: LiveSpace, player: Player, seat: Seat, outlet: Outlet) -> Client:
        client = Client(seat, player, outlet)
        live.clients[player] = client
        live.interest.place(player)
        live.interest.look(player)
        live.space.touch(player)
        self._empty_since.pop(live.record.id, None)
        return client

    async def _last_place(self, server_id: str, seat: Seat) -> tuple[float, float] | None:
        """Where a member stood last. Raises Refused for a walker who is no member (any more)."""
        if seat.presence != "walker":
            return None
        member = await self._directory.member(server_id, seat.user_id)
        if member is None:
            raise Refused("not_a_member", "you do not belong to this server (any more)")
        return (member.x, member.y) if member.x is not None and member.y is not None else None

    async def _space_or_refuse(self, server_id: str) -> LiveSpace:
        if self._closing:
            raise Refused("restarting", "the server restarts; come back in a moment")
        try:
            live = await self.space(server_id)
        except (LookupError, ValueError) as error:
            log.error("the map of server %s cannot be loaded: %s", server_id, error)
            raise Refused("map_unusable", "this server's map cannot be loaded") from error
        if live is None:
            raise Refused("no_server", "there is no such server")
        return live

    def _resumed(self, server_id: str, seat: Seat, join: Join) -> str | None:
        """The session that a resume token takes back; None without a valid one of this very user."""
        if join.resume is None:
            return None
        try:
            claims = self._tickets.read(ResumeTicket, join.resume, self.wall())
        except BadTicket:
            return None  # a token that has grown old is no fault: they join as if for the first time
        return claims.session if (claims.server_id, claims.user_id) == (server_id, seat.user_id) else None

    def _arrive(
        self,
        live: LiveSpace,
        seat: Seat,
        resumed: str | None,
        last: tuple[float, float] | None,
        known: Known | None = None,
    ) -> Player:
        remembered = live.remembered.pop(seat.user_id, None)
        # A session that a worker still carries under another owner's routes goes on.
        found = self._found.get(live.record.id, {}).pop(resumed, None) if resumed is not None else None
        returning = known is not None or found is not None
        if remembered is not None:
            last = remembered.x, remembered.y
            returning |= resumed == remembered.session and self.now() - remembered.at < RETURN_SECONDS
        player = live.space.join(seat, self.now(), last, returning=returning)
        if remembered is not None:
            player.direction = remembered.direction
            if resumed == remembered.session:
                player.flags = remembered.flags
                player.watch = remembered.watch
        keep = resumed if found is not None or known is not None else None
        self._media.seat(live, player, keep if keep is not None else new_session_id())
        if found is not None:
            self._media.adopt(live, player, found)
        return player

    def _take_over(self, live: LiveSpace, player: Player, seat: Seat, resumed: str | None) -> None:
        """The user is here already: an older tab, or a connection that was lost a moment ago."""
        if seat.zone_id is not None and seat.zone_id != player.zone_id:
            live.space.put(player, *live.space.place_for(seat, None))
        departure = self._departures.pop(player, None)
        if departure is not None:
            departure.cancel()
        older = live.clients.pop(player, None)
        if older is not None:
            live.interest.look_away(player)
            older.close(Closing("replaced", "you opened this server somewhere else", None))
        player.name, player.avatar, player.role = seat.name, seat.avatar, seat.role
        player.present = True
        link = live.hearing.links.get(player)
        if link is None or resumed != link.session:
            # Not the same page: its media starts anew, and muted.
            self._media.leave(live, player)
            self._media.seat(live, player, new_session_id())
            player.flags = type(player.flags)()
            player.watch = True
            player.pinned = None
        live.media_changed(player)

    def _welcome(self, live: LiveSpace, client: Client) -> Welcome:
        player, record = client.player, live.record
        session = live.hearing.links[player].session
        ticket = ResumeTicket(record.id, player.user_id, session)
        return welcome(
            live,
            player,
            session=session,
            map_info=self._map_info(record.map_name),
            ice_servers=self._ice_servers(player.user_id),
            resume=self._tickets.issue(ticket, RESUME_SECONDS, self.wall()),
        )

    # --- talking -------------------------------------------------------------------------------------

    def handle(self, live: LiveSpace, client: Client, message: ClientMessage) -> None:
        """One message of a client."""
        now = self.now()
        if not client.total.take(now):
            self.fail(client, Error("rate_limited", "you send too much"))
            return
        match message:
            case PlayerMove():
                talk.move(live, client, message, now, self.metrics)
            case ZoneEntered() | ZoneExited():
                talk.zone_hint(live, client, message)
            case MediaState():
                talk.media_state(live, client, message)
            case MediaOffer() | MediaAnswer():
                if client.offers.take(now):
                    self._media.negotiate(client, live, message)
                else:
                    self.fail(client, Error("rate_limited", "you offer media too often", "media_offer"))
            case Pin():
                talk.pin(live, client, message)
            case Chat():
                talk.chat(live, client, message, now, int(self.wall() * 1000))
            case SendEmote():
                talk.emote(live, client, message, now)
            case Ping():
                client.send(Pong(message.at))
            case Join():
                self.fail(client, Error("joined_already", "you have joined already", "join"))

    def fail(self, client: Client, error: Error) -> None:
        """Tell a client what was wrong; one that goes on like that is let go."""
        self.metrics.errors.labels(error.code).inc()
        if client.errors.take(self.now()):
            client.send(error)
        else:
            client.close(Closing("too_many_errors", "too much of what you send makes no sense", None))

    # --- leaving -------------------------------------------------------------------------------------

    def disconnect(self, live: LiveSpace, client: Client) -> None:
        """The connection has ended. The avatar stays for a moment, unheard and hearing nobody."""
        player = client.player
        client.closed = True
        if client.closed_code is not None:
            self.metrics.dropped.labels(client.closed_code).inc()
        if live.clients.get(player) is not client:
            return  # replaced, removed, or the space is closed
        del live.clients[player]
        live.interest.look_away(player)
        player.present = False
        live.space.touch(player)
        live.wake()
        self._depart_in(live, player, self._grace)

    def park(self, live: LiveSpace, client: Client, seconds: float) -> None:
        """The way to the client is interrupted and it will be seated again: until then, and for so long,
        it stays who and where it is, heard and hearing."""
        player = client.player
        client.closed = True
        if live.clients.get(player) is client:
            del live.clients[player]
            live.interest.look_away(player)
            self._depart_in(live, player, seconds)

    def end_parking(self, live: LiveSpace, seconds: float) -> None:
        """Those who are parked and whose way is free again have so long to come."""
        for player in live.space.players.values():
            if player in self._departures and player.present:
                self._departures.pop(player).cancel()
                self._depart_in(live, player, seconds)

    def _depart_in(self, live: LiveSpace, player: Player, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        self._departures[player] = loop.call_later(seconds, self._depart, live, player)

    def _depart(self, live: LiveSpace, player: Player) -> None:
        """The player leaves for good."""
        departure = self._departures.pop(player, None)
        if departure is not None:
            departure.cancel()
        if live.space.players.get(player.user_id) is not player:
            return
        link = live.hearing.links.get(player)
        if player.presence != "device" and link is not None:
            live.remember(player, link.session, self.now())
        self._media.leave(live, player)
        live.interest.look_away(player)
        live.space.leave(player.user_id)
        if player.presence == "walker":
            self._saver.leave(live.record.id, player)
        if not live.space.players:
            self._empty_since[live.record.id] = self.now()
        live.wake()

    def _send_away(self, live: LiveSpace, player: Player, message: Closing) -> None:
        client = live.clients.pop(player, None)
        if client is not None:
            live.interest.look_away(player)
            client.close(message)
        self._depart(live, player)

    # --- what the rest of the program asks for -------------------------------------------------------

    async def zones_changed(self, server_id: str) -> None:
        """The server's zones (or its name) were edited."""
        if server_id in self._loading:
            # It may have been read before the edit.
            with contextlib.suppress(LookupError, ValueError):
                await self.space(server_id)
        if server_id not in self._spaces:
            return
        reading = next(self._readings)
        record = await self._directory.server(server_id)
        live = self._spaces.get(server_id)
        # Of two edits at once the later reading knows both; the earlier may come in last.
        if record is None or live is None or reading < live.read_at:
            return
        live.record, live.read_at = record, reading
        live.space.set_zones(record.zones)
        for client in list(live.clients.values()):
            zones = live.space.zones.infos(with_meetings=client.player.presence == "walker")
            client.send(ZonesChanged(zones))
        for player in live.space.homeless():
            if not self._devices.close_player(player):
                self._send_away(live, player, Closing("room_closed", "this room was closed", None))
        live.wake()

    async def server_deleted(self, server_id: str) -> None:
        """The server is gone: everybody in it is told."""
        live = self._spaces.get(server_id)
        if live is not None:
            for client in list(live.clients.values()):
                client.close(Closing("server_deleted", "this server was deleted", None))
            self._drop(live)
            self._saver.forget(server_id)

    async def remove_user(self, server_id: str, user_id: str, code: str, message: str) -> None:
        """Somebody was kicked, banned, or left the server: their seat and devices are gone at once."""
        self._arrivals.removed(server_id, user_id)
        live = self._spaces.get(server_id)
        if live is None:
            return
        self._devices.close_of(live, user_id)
        player = live.space.players.get(user_id)
        if player is not None:
            self._send_away(live, player, Closing(code, message, None))
        live.remembered.pop(user_id, None)

    async def remove_guest(self, server_id: str, user_id: str) -> bool:
        """A guest was asked to leave: their ticket seats them no more. False when no such guest is here."""
        live = self._spaces.get(server_id)
        player = live.space.players.get(user_id) if live is not None else None
        if player is None or player.presence != "guest":
            return False
        self.forget_guest(server_id, user_id)
        await self.remove_user(server_id, user_id, "removed", "You were removed from this room.")
        return True

    def forget_guest(self, server_id: str, user_id: str) -> None:
        """This guest's ticket seats them no more."""
        self._arrivals.guest_removed(server_id, user_id)

    async def role_changed(self, server_id: str, user_id: str, role: Role) -> None:
        """A member was given another role: what it opens is open (or closed) from now on."""
        live = self._spaces.get(server_id)
        player = live.space.players.get(user_id) if live is not None else None
        if player is not None and player.presence == "walker":
            player.role = role

    async def open_device(
        self, seat: Seat, server_id: str, sdp: str, direction: Literal["publish", "play"]
    ) -> DeviceOpened:
        """Seat a WHIP publisher or WHEP player; see `world.devices`. Raises DeviceRefused."""
        return await self._devices.open(seat, server_id, sdp, direction)

    async def close_device(self, resource: str, user_id: str) -> bool:
        """End a device. False when the user has none of that name."""
        return self._devices.close(resource, user_id)

    # --- housekeeping --------------------------------------------------------------------------------

    async def _keep_house(self) -> None:
        while True:
            await asyncio.sleep(HOUSEKEEPING_SECONDS)
            try:
                self._keep_house_once()
            except Exception:
                log.exception("housekeeping failed")

    def _keep_house_once(self) -> None:
        now, wall = self.now(), self.wall()
        self._media.bury(deaf=not self.leases.reach.ok or now - self._kept_house > ASLEEP_SECONDS)
        self._kept_house = now
        people = clients = 0
        for server_id, live in list(self._spaces.items()):
            people += len(live.space.players)
            clients += len(live.clients)
            for client in list(live.clients.values()):
                expires = client.seat.expires_at
                if expires is not None and wall >= expires:
                    client.close(Closing("session_expired", "please log in again", None))
            for player in live.space.players.values():
                if player.presence == "walker":
                    self._saver.moved(server_id, player, now)
            since = self._empty_since.get(server_id)
            if since is not None and not live.space.players and now - since >= self._empty:
                self._drop(live)
        self.metrics.people.set(people)
        self.metrics.clients.set(clients)
