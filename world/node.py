"""This node among the others: whoever connects here is served, whichever node owns the space.

A space has one owner (`world.lease`). For clients of our own spaces the way to the seat is a function
call; for those of other nodes' spaces it is a stream on the Bus (`node_upstream` here, `node_owner` there).
When an owner dies, a node that has clients in its space takes it over; when we lose a space, our clients
of it become clients of the new owner. A single process is the same with leases that nobody contests.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import random
from collections.abc import Callable, Collection, Coroutine, Mapping
from dataclasses import replace
from typing import Literal

import msgspec

from signaling.bus import Bus
from signaling.messages import ClientMessage, Closing, Error, Join, Role
from world.client import Outlet
from world.devices import DeviceOpened, DeviceRefused
from world.lease import Lease
from world.live import LiveSpace
from world.node_owner import SpaceOwner
from world.node_upstream import Upstream
from world.node_wire import (
    NOTICES_TOPIC,
    Answer,
    CloseDevice,
    Erred,
    Notice,
    OpenDevice,
    RemoveGuest,
    Said,
    Went,
    decode_answer,
    decode_down,
    decode_notice,
    encode,
    node_topic,
    owner_topic,
)
from world.records import Seat
from world.service import RESTART_MS, RESTART_MS_PER_CLIENT, NotHere, Refused, WorldService
from world.state import InProcessPositions, Position, PositionStore
from world.visit import Visit

# Somebody who joins waits so long for a space whose owner has just died (seconds).
ARRIVE_SECONDS = 9.0
RETRY_SECONDS = 0.25
DEVICE_SECONDS = 10.0
# What other nodes' spaces look like from outside is asked for at most so often (seconds), for at most so
# many of them.
GLANCE_SECONDS = 1.0
MAX_GLANCES = 4096

log = logging.getLogger("atrium.world")


class _Near:
    """The way to a seat at this node."""

    def __init__(self, service: WorldService) -> None:
        self._service = service

    def say(self, visit: Visit, data: bytes, message: ClientMessage) -> None:
        if visit.live is not None and visit.client is not None and not visit.client.closed:
            self._service.handle(visit.live, visit.client, message)

    def err(self, visit: Visit, error: Error) -> None:
        if visit.client is not None:
            self._service.fail(visit.client, error)

    def end(self, visit: Visit) -> None:
        if visit.live is not None and visit.client is not None:
            self._service.disconnect(visit.live, visit.client)


class _Far:
    """The way to a seat at another node."""

    def __init__(self, upstream: Upstream) -> None:
        self.upstream = upstream

    def say(self, visit: Visit, data: bytes, message: ClientMessage) -> None:
        self.upstream.say(Said(visit.socket, data))

    def err(self, visit: Visit, error: Error) -> None:
        ref = error.ref if isinstance(error.ref, str | int) else None
        self.upstream.say(Erred(visit.socket, error.code, error.message, ref))

    def end(self, visit: Visit) -> None:
        self.upstream.forget(visit.socket)
        self.upstream.say(Went(visit.socket))


class WorldNode:
    """What the rest of the program calls the world. Needs the service's own LeaseKeeper."""

    def __init__(self, service: WorldService, bus: Bus, positions: PositionStore | None = None) -> None:
        self.service = service
        self._bus = bus
        self._leases = service.leases
        self._positions = positions if positions is not None else InProcessPositions()
        self._near = _Near(service)
        self._sockets = itertools.count(1)
        self._visits: dict[str, dict[int, Visit]] = {}
        self._owned: dict[str, SpaceOwner] = {}
        self._upstreams: dict[str, Upstream] = {}
        self._glances: dict[str, tuple[float, Mapping[str, Position]]] = {}
        self._unsubscribe: list[Callable[[], None]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._reach = True
        self._closing = False

    async def start(self) -> None:
        """Begin to serve."""
        self._leases.changed = self._owner_changed
        self._leases.looked = self._look
        self.service.opened = self._opened
        self.service.ended = self._ended
        self._unsubscribe = [
            self._bus.subscribe(node_topic(self._leases.node), self._heard_owner),
            self._bus.subscribe(NOTICES_TOPIC, self._heard_notice),
        ]
        await self.service.start()

    async def close(self) -> None:
        """Send our clients away with a time to come back, hand spaces with others' clients to them, stop."""
        self._closing = True
        visits = [visit for there in self._visits.values() for visit in there.values()]
        spread = RESTART_MS + int(RESTART_MS_PER_CLIENT * len(visits))
        for visit in visits:
            if visit.client is None:
                retry = RESTART_MS + random.randrange(spread)
                visit.close(Closing("restarting", "the server restarts; come back in a moment", retry))
                self.end(visit)
        await asyncio.gather(
            *(
                self._hand_over(owner, spread)
                for owner in list(self._owned.values())
                if any(gateway.clients for gateway in owner.gateways.values())
            )
        )
        for upstream in self._upstreams.values():
            upstream.close()
        await self.service.close()
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        for task in list(self._tasks):
            task.cancel()

    async def _hand_over(self, owner: SpaceOwner, spread: int) -> None:
        live = owner.live
        for visit in list(self._visits.get(live.record.id, {}).values()):
            if visit.client is not None:
                retry = RESTART_MS + random.randrange(spread)
                visit.client.close(Closing("restarting", "the server restarts; come back in a moment", retry))
                self.end(visit)
        self._owned.pop(live.record.id, None)
        await self.service.hand_over(live)
        owner.close(left=True)

    # --- clients -----------------------------------------------------------------------------------

    async def enter(self, server_id: str, seat: Seat, join: Join, outlet: Outlet) -> Visit:
        """Give somebody a seat, here or at the owner; they have been told `welcome` or `closing` then.

        Raises:
            Refused: no such server or room, the world is closing, or nobody takes the space over.
        """
        visit = Visit(next(self._sockets), server_id, seat, join.resume, outlet)
        self._visits.setdefault(server_id, {})[visit.socket] = visit
        self._leases.watch(server_id)
        try:
            async with asyncio.timeout(ARRIVE_SECONDS):
                while not visit.arrived.done():
                    await self._place(visit)
                    if not visit.arrived.done():
                        await asyncio.wait([visit.arrived], timeout=RETRY_SECONDS)
        except TimeoutError:
            self.end(visit)
            raise Refused("busy", "this server cannot be reached; come back in a moment") from None
        except BaseException:
            self.end(visit)
            raise
        return visit

    def end(self, visit: Visit) -> None:
        """The socket is closed."""
        there = self._visits.get(visit.server_id, {})
        if there.pop(visit.socket, None) is None:
            return
        visit.gone = True
        if visit.way is not None:
            visit.way.end(visit)
        if not there:
            self._visits.pop(visit.server_id, None)
            self._leases.unwatch(visit.server_id)
            upstream = self._upstreams.pop(visit.server_id, None)
            if upstream is not None:
                upstream.close()

    async def _place(self, visit: Visit) -> None:
        """Take the visit to where its seat is now, if that is known. Raises Refused."""
        if self._closing:
            raise Refused("restarting", "the server restarts; come back in a moment")
        if visit.placing:
            return
        visit.placing = True
        try:
            if not self._place_far(visit):
                await self._place_near(visit)
                self._place_far(visit)  # what we asked for was another's
        finally:
            visit.placing = False

    def _place_far(self, visit: Visit) -> bool:
        if visit.way is not None or visit.gone or visit.closed:
            return True
        owner = self._leases.owner(visit.server_id)
        if owner is None or owner.node == self._leases.node:
            return False
        upstream = self._upstream(visit.server_id, owner)
        visit.way = _Far(upstream)
        upstream.enter(visit)
        return True

    async def _place_near(self, visit: Visit) -> None:
        service, known, server_id = self.service, visit.known, visit.server_id
        try:
            if known is not None:
                live, client = await service.reseat(server_id, visit.seat, known, visit.outlet)
            else:
                join = Join(resume=visit.resume)
                live, client = await service.join(server_id, visit.seat, join, visit.outlet)
        except NotHere:
            return
        if visit.gone:
            service.disconnect(live, client)
            return
        visit.live, visit.client, visit.way = live, client, self._near
        player = client.player
        visit.seated(live.hearing.links[player].session, player.flags, player.watch)

    def _upstream(self, server_id: str, owner: Lease) -> Upstream:
        upstream = self._upstreams.get(server_id)
        if upstream is None or upstream.lease != owner:
            if upstream is not None:
                upstream.close()
            upstream = Upstream(self._bus, self._leases.node, server_id, owner, self.service.now)
            self._upstreams[server_id] = upstream
        return upstream

    # --- owners ------------------------------------------------------------------------------------

    def _opened(self, live: LiveSpace) -> None:
        self._owned[live.record.id] = SpaceOwner(self.service, self._bus, live)

    def _ended(self, live: LiveSpace) -> None:
        owner = self._owned.pop(live.record.id, None)
        if owner is not None:
            owner.close(left=False)

    def _owner_changed(self, server_id: str) -> None:
        """The space has another owner, or none: our clients of it go there."""
        live = self.service.running(server_id)
        if live is not None and live.tenure is not self._leases.tenure(server_id):
            self.service.metrics.lost_spaces.inc()
            self.service.evict(live)
        upstream = self._upstreams.get(server_id)
        owner = self._leases.owner(server_id)
        if upstream is not None and upstream.lease != owner:
            del self._upstreams[server_id]
            upstream.close()
        for visit in self._visits.get(server_id, {}).values():
            if visit.closed:
                visit.finish("")
            visit.way = visit.live = visit.client = None
            visit.waiting()
        if owner is not None and owner.node == self._leases.node and server_id in self._visits:
            log.warning("this node takes over space %s", server_id)
            self.service.metrics.takeovers.inc()
        self._settle(server_id)

    def _settle(self, server_id: str) -> None:
        """Bring everybody to their seats who has been seated before."""
        for visit in list(self._visits.get(server_id, {}).values()):
            if visit.way is None and visit.arrived.done() and not visit.closed:
                self._background(self._settle_one(visit))

    async def _settle_one(self, visit: Visit) -> None:
        try:
            await self._place(visit)
        except Refused as refused:
            retry = RESTART_MS if refused.code == "restarting" else None
            visit.close(Closing(refused.code, refused.message, retry))
        except Exception:
            log.exception("a client could not be seated again")
            visit.close(Closing("internal", "something failed here; come back", RESTART_MS))

    def _look(self) -> None:
        """After each look at the leases."""
        reach = self._leases.reach.ok
        if reach and not self._reach:
            # What was edited while we could not hear of it.
            for server_id in list(self._owned):
                self._background(self.service.zones_changed(server_id))
        self._reach = reach
        now = self.service.now()
        for owner in list(self._owned.values()):
            if owner.live.owned:
                owner.look(now, reach)
        if reach:
            for upstream in list(self._upstreams.values()):
                upstream.look()
        for server_id in list(self._visits):
            self._settle(server_id)
        for server_id in self._leases.mine():
            if server_id not in self._visits and not self.service.wanted(server_id):
                self._background(self._leases.release(server_id))

    def _heard_owner(self, payload: bytes) -> None:
        try:
            down = decode_down(payload)
        except msgspec.DecodeError as error:
            log.warning("a batch of an owner was not understood: %s", error)
            return
        upstream = self._upstreams.get(down.server_id)
        if upstream is None or upstream.lease.epoch != down.epoch:
            return
        if down.left:
            self._leases.hurry()
        else:
            upstream.take(down)

    def _background(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # --- what the rest of the program asks for -------------------------------------------------------

    async def online(self, server_id: str) -> int:
        """How many people are present (devices are not people), wherever the space is owned."""
        if self.service.running(server_id) is not None:
            return self.service.online(server_id)
        return len(await self._glance(server_id))

    async def people_in(self, server_id: str, zone_id: str) -> Collection[str]:
        """The user ids of those who are in a zone now (devices are not people)."""
        if self.service.running(server_id) is not None:
            return self.service.people_in(server_id, zone_id)
        people = await self._glance(server_id)
        return frozenset(u for u, position in people.items() if position.current_zone_id == zone_id)

    async def _glance(self, server_id: str) -> Mapping[str, Position]:
        """The people of a space that is not ours, as its owner writes them down."""
        now = self.service.now()
        seen = self._glances.get(server_id)
        if seen is not None and now - seen[0] < GLANCE_SECONDS:
            return seen[1]
        people: Mapping[str, Position] = {}
        try:
            # Without an owner what is written there is left over.
            if await self._leases.whose(server_id) is not None:
                everybody = await self._positions.read(server_id)
                people = {u: p for u, p in everybody.items() if not u.startswith("device-")}
        except ConnectionError:
            if seen is not None:
                people = seen[1]
        self._glances.pop(server_id, None)
        self._glances[server_id] = now, people
        if len(self._glances) > MAX_GLANCES:
            del self._glances[next(iter(self._glances))]
        return people

    async def zones_changed(self, server_id: str) -> None:
        """The server's zones (or its name) were edited."""
        await self._everywhere(Notice(self._leases.node, "zones_changed", server_id))

    async def server_deleted(self, server_id: str) -> None:
        """The server is gone: everybody in it is told."""
        await self._everywhere(Notice(self._leases.node, "server_deleted", server_id))

    async def remove_user(self, server_id: str, user_id: str, code: str, message: str) -> None:
        """Somebody was kicked, banned, or left the server: their seat and devices are gone at once."""
        await self._everywhere(Notice(self._leases.node, "remove_user", server_id, user_id, code, message))

    async def remove_guest(self, server_id: str, user_id: str) -> bool:
        """A guest was asked to leave: their ticket seats them no more, at no node. False when no such
        guest is there."""
        topic = await self._elsewhere(server_id)
        if topic is None:
            gone = await self.service.remove_guest(server_id, user_id)
        else:
            try:
                gone = not (await self._ask(topic, RemoveGuest(user_id))).code
            except DeviceRefused:
                gone = False
        if gone:
            await self._everywhere(Notice(self._leases.node, "remove_guest", server_id, user_id))
        return gone

    async def role_changed(self, server_id: str, user_id: str, role: Role) -> None:
        """A member was given another role."""
        await self._everywhere(Notice(self._leases.node, "role_changed", server_id, user_id, role=role))

    async def _everywhere(self, notice: Notice) -> None:
        await self._bus.publish(NOTICES_TOPIC, encode(notice))
        await self._notice(notice)

    def _heard_notice(self, payload: bytes) -> None:
        try:
            notice = decode_notice(payload)
        except msgspec.DecodeError as error:
            log.warning("a notice of another node was not understood: %s", error)
            return
        if notice.node != self._leases.node:
            self._background(self._notice(notice))

    async def _notice(self, notice: Notice) -> None:
        service, server_id = self.service, notice.server_id
        if notice.what == "zones_changed":
            await service.zones_changed(server_id)
            return
        if notice.what == "role_changed":
            for visit in self._visits.get(server_id, {}).values():
                if visit.seat.user_id == notice.user_id and visit.seat.presence == "walker":
                    visit.seat = replace(visit.seat, role=notice.role)
            await service.role_changed(server_id, notice.user_id, notice.role)
            return
        if notice.what == "remove_guest":
            service.forget_guest(server_id, notice.user_id)
            return
        # Our clients whose owner is just missing would not be told by anybody.
        for visit in list(self._visits.get(server_id, {}).values()):
            if visit.way is None:
                if notice.what == "server_deleted":
                    visit.close(Closing("server_deleted", "this server was deleted", None))
                elif visit.seat.user_id == notice.user_id:
                    visit.close(Closing(notice.code, notice.message, None))
        if notice.what == "server_deleted":
            await service.server_deleted(server_id)
        else:
            await service.remove_user(server_id, notice.user_id, notice.code, notice.message)

    # --- devices -------------------------------------------------------------------------------------

    async def open_device(
        self, seat: Seat, server_id: str, sdp: str, direction: Literal["publish", "play"]
    ) -> DeviceOpened:
        """Seat a WHIP publisher or WHEP player; see `world.devices`. Raises DeviceRefused."""
        topic = await self._elsewhere(server_id)
        if topic is None:
            try:
                return await self.service.open_device(seat, server_id, sdp, direction)
            except NotHere as error:
                raise DeviceRefused("moving", "this place moves to another machine; try again") from error
        reply = await self._ask(topic, OpenDevice(seat, sdp, direction))
        if reply.code:
            raise DeviceRefused(reply.code, reply.message)
        return DeviceOpened(reply.resource, reply.sdp)

    async def close_device(self, resource: str, user_id: str, server_id: str) -> bool:
        """End a device of this server. False when the user has none of that name."""
        topic = await self._elsewhere(server_id)
        if topic is None:
            return await self.service.close_device(resource, user_id)
        return not (await self._ask(topic, CloseDevice(resource, user_id))).code

    async def _elsewhere(self, server_id: str) -> str | None:
        """Where the owner is asked, if it is another node."""
        if self.service.running(server_id) is not None:
            return None
        owner = await self._leases.whose(server_id)
        if owner is None or owner.node == self._leases.node:
            return None
        return owner_topic(server_id, owner.epoch) + ".ask"

    async def _ask(self, topic: str, what: OpenDevice | CloseDevice | RemoveGuest) -> Answer:
        try:
            return decode_answer(await self._bus.request(topic, encode(what), DEVICE_SECONDS))
        except (LookupError, TimeoutError, OSError) as error:
            raise DeviceRefused("moving", "this place moves to another machine; try again") from error
