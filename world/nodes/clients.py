"""This node's clients and the spaces that it owns: who serves whom, and what happens when that changes.

For clients of our own spaces the way to the seat is a function call; for those of other nodes' spaces it
is a stream on the Bus (`upstream` here, `owner` there). When an owner dies, a node that has
clients in its space takes it over; when we lose a space, our clients of it become clients of the new owner.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import random
from collections.abc import Callable, Coroutine

import msgspec

from signaling.bus import Bus
from signaling.messages import ClientMessage, Closing, Error, Join
from world.clients.client import Outlet
from world.clients.visit import Visit
from world.nodes.lease import Lease
from world.nodes.owner import SpaceOwner
from world.nodes.upstream import Upstream
from world.nodes.wire import Erred, Said, Went, decode_down, node_topic
from world.records import Seat
from world.running.live import LiveSpace
from world.running.refusals import NotHere, Refused
from world.running.restart import RESTART_MS, Restart
from world.service import WorldService

# Somebody who joins waits so long for a space whose owner has just died (seconds).
ARRIVE_SECONDS = 9.0
RETRY_SECONDS = 0.25

# After the time at which they were told to come back, people may take so long to (seconds).
RETURN_SECONDS = 5.0

log = logging.getLogger("atrium.world")


def _until_back(closing: Closing) -> float:
    """How long somebody who was told to come back keeps place and media (s)."""
    return (closing.retry_ms or 0) / 1000 + RETURN_SECONDS


class _Near:
    """The way to a seat at this node."""

    def __init__(self, service: WorldService) -> None:
        self._desk, self._seats = service.desk, service.seats

    def say(self, visit: Visit, data: bytes, message: ClientMessage) -> None:
        live, client = visit.live, visit.client
        if live is not None and client is not None and not client.closed:
            self._desk.handle(live, client, message)

    def err(self, visit: Visit, error: Error) -> None:
        if visit.client is not None:
            self._desk.fail(visit.client, error)

    def end(self, visit: Visit, back: float = 0.0) -> None:
        live, client = visit.live, visit.client
        if live is None or client is None:
            return
        if back:
            self._seats.park(live, client, back)
        else:
            self._seats.disconnect(live, client)


class _Far:
    """The way to a seat at another node."""

    def __init__(self, upstream: Upstream) -> None:
        self.upstream = upstream

    def say(self, visit: Visit, data: bytes, message: ClientMessage) -> None:
        self.upstream.say(Said(visit.socket, data))

    def err(self, visit: Visit, error: Error) -> None:
        ref = error.ref if isinstance(error.ref, str | int) else None
        self.upstream.say(Erred(visit.socket, error.code, error.message, ref))

    def end(self, visit: Visit, back: float = 0.0) -> None:
        self.upstream.forget(visit.socket)
        self.upstream.say(Went(visit.socket, back))


class NodeClients:
    """Everybody who is connected to this node. Needs the service's own LeaseKeeper."""

    def __init__(self, service: WorldService, bus: Bus) -> None:
        self.service = service
        self._bus = bus
        self._leases = service.leases
        self._near = _Near(service)
        self._sockets = itertools.count(1)
        self._visits: dict[str, dict[int, Visit]] = {}
        self._owned: dict[str, SpaceOwner] = {}
        self._upstreams: dict[str, Upstream] = {}
        self._unsubscribe: Callable[[], None] = lambda: None
        self._tasks: set[asyncio.Task[None]] = set()
        self._reach = True
        self._closing = False

    def start(self) -> None:
        """Begin to serve."""
        self._leases.changed = self._owner_changed
        self._leases.looked = self._look
        self.service.spaces.opened = self._opened
        self.service.spaces.ended = self._ended
        self._unsubscribe = self._bus.subscribe(node_topic(self._leases.node), self._heard_owner)

    async def send_away(self) -> None:
        """Send our clients away with a time to come back, and leave spaces to the nodes that others are at.

        Where nodes share the leases that is any node: our own clients come back at one of them, and their
        media goes on until then.
        """
        self._closing = True
        visits = [visit for there in self._visits.values() for visit in there.values()]
        restart = Restart(len(visits), random.randrange)
        for visit in visits:
            if visit.client is None:
                closing = restart.closing()
                visit.close(closing)
                self.end(visit, _until_back(closing))
        await asyncio.gather(
            *(
                self._hand_over(owner, restart)
                for owner in list(self._owned.values())
                if self._leases.shared or any(gateway.clients for gateway in owner.gateways.values())
            )
        )
        for upstream in self._upstreams.values():
            upstream.close()

    def count(self) -> int:
        """How many sockets are connected here."""
        return sum(map(len, self._visits.values()))

    def close(self) -> None:
        """Stop; the service is closed."""
        self._unsubscribe()
        for task in list(self._tasks):
            task.cancel()

    async def _hand_over(self, owner: SpaceOwner, restart: Restart) -> None:
        live = owner.live
        for visit in self.of(live.record.id):
            if visit.client is not None:
                closing = restart.closing()
                visit.client.close(closing)
                self.end(visit, _until_back(closing))
        self._owned.pop(live.record.id, None)
        await self.service.hand_over(live)
        owner.close(left=True)

    def of(self, server_id: str) -> list[Visit]:
        """Our clients of one space."""
        return list(self._visits.get(server_id, {}).values())

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

    def end(self, visit: Visit, back: float = 0.0) -> None:
        """The socket is closed; `back`: the client will come again within so many seconds."""
        there = self._visits.get(visit.server_id, {})
        if there.pop(visit.socket, None) is None:
            return
        visit.gone = True
        if visit.way is not None:
            visit.way.end(visit, back)
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
                live, client = await service.seats.reseat(server_id, visit.seat, known, visit.outlet)
            else:
                join = Join(resume=visit.resume)
                live, client = await service.seats.join(server_id, visit.seat, join, visit.outlet)
        except NotHere:
            return
        if visit.gone:
            service.seats.disconnect(live, client)
            return
        visit.live, visit.client, visit.way = live, client, self._near
        player = client.player
        visit.seated(live.hearing.links[player].session, player.flags, player.watch, player.showing)

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
        live = self.service.spaces.get(server_id)
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
        seated = any(visit.arrived.done() for visit in self._visits.get(server_id, {}).values())
        if owner is not None and owner.node == self._leases.node and seated:
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
            if server_id not in self._visits and not self.service.spaces.wanted(server_id):
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
