"""The world of this node, as the rest of the program sees it: its spaces, their people, what they say.

Which spaces are loaded is `world.running.spaces`, who has a seat `world.running.seating`, one running space
`world.running.live`, media `world.media.negotiation`, what a client says `world.running.desk`; who owns
what is `world.nodes.lease_keeper`, and clients of spaces that others own are `world.nodes.node`. This file
composes them, and passes on what is changed from outside.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import random
import time
from collections.abc import Callable
from typing import Literal

from signaling.bus import Bus
from signaling.messages import (
    Closing,
    IceServer,
    MapInfo,
    Role,
    ZonesChanged,
)
from signaling.pauses import pause
from signaling.registry import Registry
from signaling.tickets import Tickets
from world.chat.archive import ChatArchive
from world.chat.chat import ChatDesk
from world.media.negotiation import Media
from world.media.placement import PlacementStore
from world.media.questions import QuestionDesk
from world.metrics import WorldMetrics
from world.nodes.lease_keeper import LeaseKeeper
from world.records import Seat
from world.running import showing
from world.running.desk import Desk
from world.running.devices import DEFAULT_PER_USER, DEFAULT_PER_ZONE, DeviceOpened, Devices
from world.running.directory import Directory
from world.running.live import LiveSpace
from world.running.restart import Restart
from world.running.saving import PositionSaver
from world.running.seating import GRACE_SECONDS, Seating
from world.running.spaces import Spaces
from world.running.state import InProcessPositions, PositionStore
from world.space.ground import Ground

# An empty space is kept so long: those who come back soon find their mute state.
EMPTY_SECONDS = 30.0
HOUSEKEEPING_SECONDS = 1.0
# Housekeeping that comes this late (seconds) means that we were asleep and deaf.
ASLEEP_SECONDS = 3.0

log = logging.getLogger("atrium.world")


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
        archive: keeps the chat; nothing is kept when None.
        clock: monotonic seconds, the event loop's by default. wall: seconds since 1970.
        registry, placements: media workers, and which of them servers are on; without them in process.
        region: whose media workers are preferred.
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
        archive: ChatArchive | None = None,
        metrics: WorldMetrics | None = None,
        wall: Callable[[], float] = time.time,
        grace: float = GRACE_SECONDS,
        empty: float = EMPTY_SECONDS,
        devices_per_user: int = DEFAULT_PER_USER,
        devices_per_zone: int = DEFAULT_PER_ZONE,
        registry: Registry | None = None,
        placements: PlacementStore | None = None,
        region: str = "",
    ) -> None:
        self.metrics = metrics if metrics is not None else WorldMetrics()
        self.wall = wall
        self.leases = leases if leases is not None else LeaseKeeper(wall=wall)
        self._directory = directory
        self._store = positions if positions is not None else InProcessPositions()
        self._empty = empty
        self._kept_house = float("inf")
        self._loop: asyncio.AbstractEventLoop | None = None
        self._readings = itertools.count(1)
        self._housekeeping: asyncio.Task[None] | None = None
        reach = self.leases.reach
        self._media = Media(
            *(bus, self.now, registry, placements, region),
            steady=lambda: reach.steady(self.leases.clock()),
            metrics=self.metrics,
        )
        self._chat = ChatDesk(directory, archive, self.wall)
        self._questions = QuestionDesk(self._media, self.now)
        self._saver = PositionSaver(directory)
        self.spaces = Spaces(
            directory, load_map, self.leases, self._store, self._media, self.metrics, self.now, wall
        )
        self.seats = Seating(
            self.spaces,
            directory,
            self._media,
            self._saver,
            tickets,
            map_info,
            ice_servers,
            self.metrics,
            self.now,
            wall,
            grace,
        )
        self.desk = Desk(self.seats, self._media, self._chat, self._questions, self.metrics, self.now)
        self._devices = Devices(
            self._media, self.spaces.load, self.seats.depart, self.now, devices_per_user, devices_per_zone
        )

    def now(self) -> float:
        """The event loop's clock (seconds)."""
        loop = self._loop
        # Python 3.11 asks the system for the process's id whenever the running loop is looked up.
        return (loop if loop is not None else asyncio.get_running_loop()).time()

    # --- life ----------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Begin to listen to workers and to keep house."""
        self._loop = asyncio.get_running_loop()
        self.leases.start()
        self._media.start()
        self.spaces.writer.start()
        self._saver.start()
        self._housekeeping = asyncio.get_running_loop().create_task(self._keep_house())

    async def close(self) -> None:
        """Send everybody away with a time to come back, save positions, and stop."""
        self.spaces.closing = True
        self.leases.changed = lambda server_id: None
        if self._housekeeping is not None:
            self._housekeeping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._housekeeping
        clients = [(live, client) for _, live in self.spaces for client in live.clients.values()]
        restart = Restart(len(clients), random.randrange)
        for live, client in clients:
            self.seats.renew(live, client, stopping=True)
            client.close(restart.closing())
        for _, live in self.spaces:
            self._end(live)
        await self._media.close()
        await self._chat.close()
        await self._questions.close()
        await self._saver.close()
        await self.spaces.writer.close()
        await self.leases.close()
        await self._store.close()

    # --- spaces --------------------------------------------------------------------------------------

    def regions(self) -> list[str]:
        """Where live media workers stand."""
        return self._media.regions()

    def online(self, server_id: str) -> int:
        """How many people are present (devices are not people)."""
        live = self.spaces.get(server_id)
        if live is None:
            return 0
        return sum(player.presence != "device" for player in live.space.players.values())

    def people_in(self, server_id: str, zone_id: str) -> frozenset[str]:
        """The user ids of those who are in a zone now (devices are not people)."""
        live = self.spaces.get(server_id)
        if live is None:
            return frozenset()
        return frozenset(live.space.people_in(zone_id))

    def evict(self, live: LiveSpace) -> None:
        """Another node owns this space now: forget it, and leave everything of it as it is."""
        if not live.closed:
            self.seats.abandon(live)
            self.spaces.lost(live)
            self._devices.forget(live)
            self._saver.forget(live.record.id)

    async def hand_over(self, live: LiveSpace) -> None:
        """Give the space to whoever wants it next: its last state is written, and its lease is free."""
        server_id = live.record.id
        live.tick(self.now())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.5):
                await self.spaces.writer.flushed()
        self.evict(live)
        await self.leases.release(server_id)

    def _end(self, live: LiveSpace) -> None:
        """End a space: everybody in it leaves, and what that means is written."""
        self._devices.close_of(live)
        self.seats.vacate(live)
        self.spaces.end(live)

    # --- what the rest of the program asks for -------------------------------------------------------

    async def zones_changed(self, server_id: str) -> None:
        """The server or its zones were edited."""
        if self.spaces.loading(server_id):
            # It may have been read before the edit.
            with contextlib.suppress(LookupError, ValueError):
                await self.spaces.load(server_id)
        if self.spaces.get(server_id) is None:
            return
        reading = next(self._readings)
        record = await self._directory.server(server_id)
        live = self.spaces.get(server_id)
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
                self.seats.send_away(live, player, Closing("room_closed", "this room was closed", None))
        live.wake()

    async def server_deleted(self, server_id: str) -> None:
        """The server is gone: everybody in it is told."""
        live = self.spaces.get(server_id)
        if live is not None:
            for client in list(live.clients.values()):
                client.close(Closing("server_deleted", "this server was deleted", None))
            self._end(live)
            self._saver.forget(server_id)

    async def remove_user(self, server_id: str, user_id: str, code: str, message: str) -> None:
        """Somebody was kicked, banned, or left the server: their seat and devices are gone at once."""
        self.seats.arrivals.removed(server_id, user_id)
        live = self.spaces.get(server_id)
        if live is None:
            return
        self._devices.close_of(live, user_id)
        player = live.space.players.get(user_id)
        if player is not None:
            self.seats.send_away(live, player, Closing(code, message, None))
        live.remembered.pop(user_id, None)

    def end_devices(self, server_id: str, user_id: str) -> None:
        """Whatever a user's tickets have opened ends."""
        live = self.spaces.get(server_id)
        if live is not None:
            self._devices.close_of(live, user_id)

    async def remove_guest(self, server_id: str, user_id: str) -> bool:
        """A guest was asked to leave: their ticket seats them no more. False when no such guest is here."""
        live = self.spaces.get(server_id)
        player = live.space.players.get(user_id) if live is not None else None
        if player is None or player.presence != "guest":
            return False
        self.forget_guest(server_id, user_id)
        await self.remove_user(server_id, user_id, "removed", "You were removed from this room.")
        return True

    def forget_guest(self, server_id: str, user_id: str) -> None:
        """This guest's ticket seats them no more."""
        self.seats.arrivals.guest_removed(server_id, user_id)

    async def role_changed(self, server_id: str, user_id: str, role: Role) -> None:
        """A member was given another role: what it opens is open (or closed) from now on."""
        live = self.spaces.get(server_id)
        player = live.space.players.get(user_id) if live is not None else None
        if player is not None and player.presence == "walker":
            player.role = role

    async def look_changed(self, server_id: str, user_id: str, name: str, avatar: str) -> None:
        """Somebody has another name or avatar: whoever sees them is told."""
        live = self.spaces.get(server_id)
        player = live.space.players.get(user_id) if live is not None else None
        if live is not None and player is not None:
            showing.look(live, player, name, avatar)

    async def open_device(
        self, seat: Seat, server_id: str, sdp: str, direction: Literal["publish", "play"]
    ) -> DeviceOpened:
        """Seat a WHIP publisher or WHEP player; see `world.running.devices`. Raises DeviceRefused."""
        return await self._devices.open(seat, server_id, sdp, direction)

    def has_device(self, resource: str, user_id: str) -> bool:
        """Whether there is such a device of this user."""
        return self._devices.has(resource, user_id)

    async def close_device(self, resource: str, user_id: str) -> bool:
        """End a device. False when the user has none of that name."""
        return self._devices.close(resource, user_id)

    # --- housekeeping --------------------------------------------------------------------------------

    async def _keep_house(self) -> None:
        while True:
            await asyncio.sleep(pause(HOUSEKEEPING_SECONDS))
            try:
                self._keep_house_once()
            except Exception:
                log.exception("housekeeping failed")

    def _keep_house_once(self) -> None:
        now, wall = self.now(), self.wall()
        self._media.bury(deaf=not self.leases.reach.ok or now - self._kept_house > ASLEEP_SECONDS)
        self._kept_house = now
        people = clients = 0
        for server_id, live in self.spaces:
            people += len(live.space.players)
            clients += len(live.clients)
            for client in list(live.clients.values()):
                expires = client.seat.expires_at
                if expires is not None and wall >= expires:
                    client.close(Closing("session_expired", "please log in again", None))
            for player in live.space.players.values():
                if player.presence == "walker":
                    self._saver.moved(server_id, player, now)
            if self.spaces.idle(live, self._empty):
                self._end(live)
        self.metrics.people.set(people)
        self.metrics.clients.set(clients)
