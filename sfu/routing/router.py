"""Isolation domains, and what feeds which slot: the rule that no packet crosses from one room to another.

A `Router` is one domain. It resolves a wanted route among its own members only, so a slot cannot be
fed from elsewhere, whatever a command asks for. `RoutingTable` is all of them: it takes `SetRoutes`
(the world's whole picture of one listener), remembers it, and answers with the operations that make
the forwarding table agree. Revocations of a batch come before its grants, and all of them are one
list that the caller applies in one turn of the event loop.

A wanted route may name a source that is not there (yet): it starts to be fed when the source opens.
When a session moves to another router, everything that others wanted of it is forgotten: the world
has to grant it anew.

Pure: no forwarder and no clock in here.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sfu.forward.contract import MAX_SLOTS_PER_PEER, Codec
from sfu.routing.codec_choice import Audience
from signaling.control import Route, SetRoutes
from signaling.messages import KIND_OF_SOURCE, Kind, Source

# Members that have declared routes but no media here (yet): the oldest of them is forgotten beyond it.
MAX_MEMBERS = 8192

SlotKey = tuple[Kind, int]
# Feed slot (handle) from producer (handle), or from nothing.
Operation = tuple[int, int | None]


@dataclass(frozen=True, slots=True)
class SlotRef:
    """A slot that can be fed: its handle and the codecs that its client takes."""

    handle: int
    codecs: frozenset[Codec]


@dataclass(frozen=True, slots=True)
class ProducerRef:
    """A source that can feed slots, and what it sends now."""

    handle: int
    codec: Codec


@dataclass(slots=True)
class Member:
    """One session as the table has it. `fed` maps its slots to the producer that feeds each now.

    One with a `home` is here for its sources only, which come over a pipe (`sfu.pipes.pipes`).
    """

    session: str
    router: str
    epoch: int = -1
    home: str = ""  # the worker that carries it, if it is another one
    pipe: bool = False  # the end of a pipe: others listen behind it
    wanted: dict[SlotKey, Route] = field(default_factory=dict)
    slots: dict[SlotKey, SlotRef] = field(default_factory=dict)
    producers: dict[Source, ProducerRef] = field(default_factory=dict)
    fed: dict[SlotKey, int] = field(default_factory=dict)

    @property
    def has_media(self) -> bool:
        """Whether it has a slot or a producer here."""
        return bool(self.slots or self.producers)


class Router:
    """One isolation domain. It is made with its first member and gone with its last."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.members: dict[str, Member] = {}

    def feeder(self, listener: Member, key: SlotKey) -> int | None:
        """The producer that is to feed this slot of a member now, or None. THE isolation check.

        Only members of this router are looked at. A session in two routers cannot be: `RoutingTable`
        moves it from one to the other.
        """
        route = listener.wanted.get(key)
        slot = listener.slots.get(key)
        if route is None or slot is None or not route.active:
            return None
        if self.members.get(listener.session) is not listener:
            return None
        speaker = self.members.get(route.session)
        if speaker is None or KIND_OF_SOURCE[route.source] != key[0]:
            return None
        producer = speaker.producers.get(route.source)
        if producer is None or producer.codec not in slot.codecs:
            return None
        return producer.handle


class RoutingTable:
    """Every router of one worker."""

    def __init__(self, max_members: int = MAX_MEMBERS) -> None:
        self.routers: dict[str, Router] = {}
        self._members: OrderedDict[str, Member] = OrderedDict()
        # Who wants something of a session: so that a change of one source costs its listeners only.
        self._wanting: dict[str, set[str]] = {}
        # Routes that are prepared and not active yet, by what they would carry.
        self.prepared: Counter[tuple[str, Source]] = Counter()
        # Sources of which it has changed who is to get them, or is prepared to, since somebody looked.
        self._watched: set[tuple[str, Source]] = set()
        # Sessions of other workers of which something has changed: their router, or what is wanted of them.
        self._abroad: set[str] = set()
        self._max_members = max_members

    def member(self, session: str) -> Member | None:
        """The session's entry, or None."""
        return self._members.get(session)

    def producer(self, session: str, source: Source) -> ProducerRef | None:
        """What feeds those who want this source of the session, or None."""
        member = self._members.get(session)
        return member.producers.get(source) if member is not None else None

    # --- commands of the world -------------------------------------------------------------------

    def apply(self, changes: Iterable[SetRoutes]) -> list[Operation]:
        """One batch: every move and revocation first, then every grant. Old epochs are ignored."""
        newest: dict[str, SetRoutes] = {}
        for change in changes:
            member = self._members.get(change.session)
            known = newest.get(change.session)
            if (member is None or change.epoch > member.epoch) and (
                known is None or change.epoch > known.epoch
            ):
                newest[change.session] = change
        operations: list[Operation] = []
        touched: dict[str, Member] = {}
        for change in newest.values():
            member = self._enter(change.session, change.router)
            operations += self._move(member, change.router)
            member.epoch = change.epoch
            if member.home != change.home:
                member.home = change.home
                self._abroad.add(member.session)
            touched[change.session] = member
        for change in newest.values():
            self._want(touched[change.session], change.routes)
        for member in list(touched.values()):
            for listener in self._listeners(member.session):
                touched.setdefault(listener.session, listener)
        return operations + self._settle(touched.values())

    def open(self, session: str, router: str) -> list[Operation]:
        """A connection of the session is being opened in `router`.

        Once the world has declared routes for the session, those say where it is, not this.
        """
        member = self._enter(session, router)
        if member.epoch >= 0 or member.router == router:
            return []
        return self._move(member, router)

    def close(self, session: str) -> list[Operation]:
        """Forget the session with everything that it wants and feeds."""
        member = self._members.get(session)
        if member is None:
            return []
        operations = self.clear_slots(session) + self._silence(member)
        self._want(member, ())
        self._leave(member)
        del self._members[session]
        if member.home:
            self._abroad.add(session)
        return operations

    def heard_by(self, session: str) -> list[tuple[str, Source]]:
        """Whose slots are fed with what of the session now: (listener, source)."""
        return [
            (listener.session, route.source)
            for listener in self._listeners(session)
            for key, route in listener.wanted.items()
            if route.session == session and key in listener.fed
        ]

    # --- what the session has --------------------------------------------------------------------

    def set_slots(self, session: str, slots: Mapping[SlotKey, SlotRef]) -> list[Operation]:
        """The slots of the session's new subscribe connection; earlier ones are gone already."""
        member = self._members[session]
        member.slots = dict(slots)
        member.fed = {}
        self._watched |= _named(member)
        return self._settle([member])

    def clear_slots(self, session: str) -> list[Operation]:
        """The session's subscribe connection is gone."""
        member = self._members.get(session)
        if member is None:
            return []
        operations: list[Operation] = [(member.slots[key].handle, None) for key in member.fed]
        member.slots = {}
        member.fed = {}
        self._watched |= _named(member)
        return operations

    def add_producer(self, session: str, source: Source, producer: ProducerRef) -> list[Operation]:
        """The session sends this source from now on; who wants it is fed."""
        member = self._members[session]
        member.producers[source] = producer
        return self._settle(self._listeners(session))

    def remove_producer(self, session: str, source: Source, handle: int) -> list[Operation]:
        """The session sends this source no more, if it is this producer. Its listeners keep wanting it."""
        producer = self.producer(session, source)
        if producer is None or producer.handle != handle:
            return []
        del self._members[session].producers[source]
        return self._settle(self._listeners(session))

    def set_codec(self, session: str, source: Source, producer: ProducerRef) -> list[Operation]:
        """The session's source sends another codec, if it is this producer: who takes that is fed."""
        known = self.producer(session, source)
        if known is None or known.handle != producer.handle or known == producer:
            return []
        self._members[session].producers[source] = producer
        return self._settle(self._listeners(session))

    # --- other workers ---------------------------------------------------------------------------

    def put_slot(self, session: str, router: str, key: SlotKey, slot: SlotRef) -> None:
        """A slot more for a member that gets and loses them one by one: the end of a pipe in this router."""
        member = self._enter(session, router)
        member.pipe = True
        member.slots[key] = slot

    def take_slot(self, session: str, key: SlotKey) -> list[Operation]:
        """The slot is somebody else's from now on; the member goes with its last one."""
        member = self._members.get(session)
        slot = member.slots.pop(key, None) if member is not None else None
        if member is None or slot is None:
            return []
        member.fed.pop(key, None)
        if not member.slots:
            self.close(session)
        return [(slot.handle, None)]

    def take_abroad(self) -> set[str]:
        """Sessions that other workers carry, or did, of which something has changed since the last call."""
        changed, self._abroad = self._abroad, set()
        return changed

    def take_watched(self) -> set[tuple[str, Source]]:
        """Sources of which it has changed who is to get them since the last call."""
        changed, self._watched = self._watched, set()
        return changed

    def watched_elsewhere(self, session: str, source: Source) -> None:
        """Who is to get this source on another worker has changed."""
        self._watched.add((session, source))

    def audience(self, session: str, source: Source) -> Audience:
        """Members of the session's router that are to get this source, fed or not, and what they decode.

        Those of other workers are not counted, nor are the pipes to them.
        """
        member = self._members.get(session)
        if member is None:
            return Audience()
        listeners, decoding = 0, Counter[Codec]()
        for listener in self._listeners(session):
            if listener.pipe or listener.router != member.router:
                continue
            for key, route in listener.wanted.items():
                slot = listener.slots.get(key)
                if slot is not None and (route.session, route.source) == (session, source):
                    listeners += 1
                    decoding.update(slot.codecs)
        return Audience(listeners, decoding)

    def viewers(self, router: str) -> Audience:
        """Members of a router with a slot for video, and what they decode."""
        room = self.routers.get(router)
        slots = [member.slots.get(("video", 0)) for member in room.members.values()] if room else []
        codecs = [slot.codecs for slot in slots if slot is not None]
        return Audience(len(codecs), Counter(codec for each in codecs for codec in each))

    def wanted_of(self, session: str) -> set[Source]:
        """The sources of the session that members of its router want."""
        member = self._members.get(session)
        if member is None:
            return set()
        return {
            route.source
            for listener in self._listeners(session)
            if listener.router == member.router
            for route in listener.wanted.values()
            if route.session == session
        }

    # --- inside ----------------------------------------------------------------------------------

    def _enter(self, session: str, router: str) -> Member:
        member = self._members.get(session)
        if member is None:
            self._make_room()
            member = self._members[session] = Member(session, router)
            self._join(member, router)
        return member

    def _make_room(self) -> None:
        if len(self._members) < self._max_members:
            return
        for session, member in self._members.items():
            if not member.has_media:
                self.close(session)
                return

    def _join(self, member: Member, router: str) -> None:
        member.router = router
        self.routers.setdefault(router, Router(router)).members[member.session] = member

    def _leave(self, member: Member) -> None:
        router = self.routers[member.router]
        del router.members[member.session]
        if not router.members:
            del self.routers[member.router]

    def _move(self, member: Member, router: str) -> list[Operation]:
        """To another router: every route of the session ends, in both directions."""
        if member.router == router:
            return []
        operations: list[Operation] = [(member.slots[key].handle, None) for key in member.fed]
        member.fed = {}
        operations += self._silence(member)
        self._want(member, ())
        for listener in self._listeners(member.session):
            kept = (route for route in listener.wanted.values() if route.session != member.session)
            self._want(listener, tuple(kept))
        self._leave(member)
        self._join(member, router)
        if member.home:
            self._abroad.add(member.session)
        return operations

    def _silence(self, member: Member) -> list[Operation]:
        """Take the session's producers out of every slot that they feed."""
        handles = {producer.handle for producer in member.producers.values()}
        operations: list[Operation] = []
        for listener in self._listeners(member.session):
            for key, handle in list(listener.fed.items()):
                if handle in handles:
                    del listener.fed[key]
                    operations.append((listener.slots[key].handle, None))
        return operations

    def _prepare(self, routes: Iterable[Route], count: int) -> None:
        for route in routes:
            if not route.active:
                key = (route.session, route.source)
                self.prepared[key] += count
                self._watched.add(key)
                if not self.prepared[key]:
                    del self.prepared[key]

    def _want(self, member: Member, routes: Iterable[Route]) -> None:
        self._prepare(member.wanted.values(), -1)
        named = _named(member)
        before = {route.session for route in member.wanted.values()}
        for session in before:
            wanting = self._wanting[session]
            wanting.discard(member.session)
            if not wanting:
                del self._wanting[session]
        member.wanted = {
            (route.kind, route.slot): route for route in routes if 0 <= route.slot < MAX_SLOTS_PER_PEER
        }
        self._prepare(member.wanted.values(), 1)
        self._watched |= named ^ _named(member)
        for route in member.wanted.values():
            self._wanting.setdefault(route.session, set()).add(member.session)
            before.add(route.session)
        for session in before:
            speaker = self._members.get(session)
            if speaker is not None and speaker.home:
                self._abroad.add(session)

    def _listeners(self, session: str) -> list[Member]:
        return [self._members[name] for name in sorted(self._wanting.get(session, ()))]

    def _settle(self, members: Iterable[Member]) -> list[Operation]:
        """Make `fed` agree with what the routers allow, revocations first."""
        revoked: list[Operation] = []
        granted: list[Operation] = []
        for member in members:
            router = self.routers[member.router]
            for key, slot in member.slots.items():
                now = member.fed.get(key)
                wanted = router.feeder(member, key)
                if now == wanted:
                    continue
                if now is not None:
                    revoked.append((slot.handle, None))
                    del member.fed[key]
                if wanted is not None:
                    granted.append((slot.handle, wanted))
                    member.fed[key] = wanted
        return revoked + granted


def _named(member: Member) -> set[tuple[str, Source]]:
    """The videos that the member is to get."""
    return {(route.session, route.source) for route in member.wanted.values() if route.kind == "video"}
