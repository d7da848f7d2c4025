"""The gateway's side of one space that another node owns: this node's stream to and from that owner."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Callable, Coroutine

from signaling.bus import Bus
from signaling.messages import Closing
from world.clients.client import CLEAR_BYTES, HARD_BYTES
from world.clients.visit import Visit
from world.nodes.gathering import Gathering
from world.nodes.lease import Lease
from world.nodes.wire import (
    Came,
    Down,
    Finish,
    FromGateway,
    Seated,
    Up,
    Waits,
    Write,
    encode,
    owner_topic,
)

# An owner that has not answered the beginning of a stream may not have heard it (seconds).
ACCEPT_SECONDS = 0.75
# One that was heard and falls silent (seconds).
SILENT_SECONDS = 3.0

_streams = itertools.count(1)
log = logging.getLogger("atrium.world")


class Upstream:
    """One stream. `now`: the event loop's seconds."""

    def __init__(self, bus: Bus, node: str, server_id: str, lease: Lease, now: Callable[[], float]) -> None:
        self.lease = lease
        self._bus = bus
        self._node = node
        self._server_id = server_id
        self._now = now
        self._visits: dict[int, Visit] = {}
        self._items: list[FromGateway] = []
        self._gathering = Gathering(self.flush)
        self._told_waits = False
        self._closed = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._begin()

    def _begin(self) -> None:
        """A new stream, with everybody in it."""
        self._stream = next(_streams)
        self._number = 0
        self._expected = 0
        self._accepted = False
        self._heard_at = self._now()
        self._items = [self._came(visit) for visit in self._visits.values()]
        for visit in self._visits.values():
            visit.waiting()
        self._gathering.soon()

    def close(self) -> None:
        """This owner is not asked any more."""
        self.flush()
        self._closed = True

    # --- clients -----------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._visits)

    def enter(self, visit: Visit) -> None:
        """Ask for a seat."""
        self._visits[visit.socket] = visit
        self.say(self._came(visit))

    def forget(self, socket: int) -> None:
        """This client is not ours any more."""
        self._visits.pop(socket, None)

    def say(self, item: FromGateway) -> None:
        """Send with the next batch."""
        if not self._closed:
            self._items.append(item)
            self._gathering.soon()

    @staticmethod
    def _came(visit: Visit) -> Came:
        return Came(visit.socket, visit.seat, visit.resume, visit.known)

    # --- sending -----------------------------------------------------------------------------------

    def flush(self) -> None:
        """Send what was gathered; also when that is nothing, to say that we live."""
        self._gathering.begin()
        if self._closed:
            return
        items, self._items = self._items, []
        up = Up(self._node, self._stream, self._number, items)
        self._number += bool(items)
        topic = owner_topic(self._server_id, self.lease.epoch)
        self._background(self._bus.publish(topic, encode(up)))

    def _background(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def look(self) -> None:
        """Once in a while: a sign of life, how much waits, and whether the owner still hears us."""
        silent = self._now() - self._heard_at
        if silent > (SILENT_SECONDS if self._accepted else ACCEPT_SECONDS):
            self._begin()
            return
        waits = {
            socket: waiting
            for socket, visit in self._visits.items()
            if (waiting := visit.outlet.pending()) > CLEAR_BYTES
        }
        if waits or self._told_waits:
            self._items.append(Waits(waits))
            self._told_waits = bool(waits)
        self.flush()

    # --- what the owner says -------------------------------------------------------------------------

    def take(self, down: Down) -> None:
        """A batch of the owner."""
        if down.stream != self._stream:
            return
        if down.again or down.number != self._expected:
            self._begin()
            return
        self._accepted = True
        self._heard_at = self._now()
        self._expected += bool(down.items)
        for item in down.items:
            match item:
                case Write():
                    for socket in item.sockets:
                        visit = self._visits.get(socket)
                        if visit is not None:
                            self._write(visit, item.data)
                case Seated():
                    visit = self._visits.get(item.socket)
                    if visit is not None:
                        visit.seated(item.session, item.flags, item.watch, item.showing)
                case Finish():
                    visit = self._visits.pop(item.socket, None)
                    if visit is not None:
                        visit.finish(item.code)

    def _write(self, visit: Visit, data: bytes) -> None:
        if visit.outlet.pending() <= HARD_BYTES:
            visit.outlet.write(data)
            return
        self._visits.pop(visit.socket, None)
        visit.close(Closing("slow", "your connection takes in less than there is to tell", 5000))
