"""Seats: who comes into a space, who takes over whose place, and for how long a lost connection keeps it.

Everything is asked of storage before the seat is given; between looking at a space and changing it nothing
is waited for, so nobody can be removed, and no room can fill, in between.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace

from signaling.messages import (
    Closing,
    Error,
    IceServer,
    Join,
    MapInfo,
    MediaFlags,
    MovedBack,
    Resume,
    Showing,
    Shown,
    Welcome,
)
from signaling.tickets import BadTicket, ResumeTicket, Tickets, new_session_id
from world.clients.client import Client, Outlet
from world.media.negotiation import Media
from world.metrics import WorldMetrics
from world.records import Known, Seat
from world.running.directory import Directory
from world.running.live import LiveSpace
from world.running.refusals import Refused
from world.running.saving import PositionSaver
from world.running.spaces import Spaces
from world.running.tick import TICK_SECONDS
from world.running.welcome import welcome
from world.space.arrivals import Arrivals
from world.space.player import Player
from world.space.space import RoomClosed

# A lost connection keeps its avatar so long (seconds): a resume in that time does not even flicker.
# Hearing and being heard end at once.
GRACE_SECONDS = 2.0
RESUME_SECONDS = 24 * 3600.0
# Whose connection was lost in a room that is locked finds it open for so long after their seat was given
# up: a network that fails is no reason to stand before the door.
RETURN_SECONDS = 60.0

log = logging.getLogger("atrium.world")


class Seating:
    """The seats of one node's own spaces. Arguments as in `world.service.WorldService`."""

    def __init__(
        self,
        spaces: Spaces,
        directory: Directory,
        media: Media,
        saver: PositionSaver,
        tickets: Tickets,
        map_info: Callable[[str], MapInfo],
        ice_servers: Callable[[str], list[IceServer]],
        metrics: WorldMetrics,
        now: Callable[[], float],
        wall: Callable[[], float],
        grace: float,
    ) -> None:
        self.arrivals = Arrivals()
        self._spaces = spaces
        self._directory = directory
        self._media = media
        self._saver = saver
        self._tickets = tickets
        self._map_info = map_info
        self._ice_servers = ice_servers
        self._metrics = metrics
        self._now = now
        self._wall = wall
        self._grace = grace
        # Those whose connection is lost, and when they leave for good.
        self._departures: dict[Player, asyncio.TimerHandle] = {}

    # --- coming ------------------------------------------------------------------------------------

    async def join(self, server_id: str, seat: Seat, join: Join, outlet: Outlet) -> tuple[LiveSpace, Client]:
        """Give somebody their seat and send `welcome`. An older connection of theirs is closed.

        Raises:
            Refused: no such server or room, or the world is closing.
            NotHere: another node owns the space.
        """
        with self.arrivals.arriving(server_id, seat.user_id):
            last = await self._last_place(server_id, seat)
            live = await self._space_or_refuse(server_id)
            if not self.arrivals.may_sit(server_id, seat.user_id, seat.presence):
                raise Refused("removed", "you were removed from this server")
        # No await from here on: nobody can be removed, and no room can fill, in between.
        ticket = self._resumed(server_id, seat, join)
        resumed = ticket.session if ticket is not None else None
        recalled = self._spaces.recall(server_id, seat.user_id)
        if recalled is not None:
            last = recalled.x, recalled.y
        just_left = recalled is not None or (ticket is not None and self._wall() < ticket.kept_until)
        was = ticket if just_left else None
        player = live.space.players.get(seat.user_id)
        if player is not None and player.presence != seat.presence:
            # A guest who has become a member: another seat altogether.
            self.send_away(live, player, Closing("replaced", "you opened this server somewhere else", None))
            player = None
        try:
            if player is None:
                player = self._arrive(live, seat, resumed, last, was=was)
            else:
                self._take_over(live, player, seat, resumed)
        except LookupError as error:
            raise Refused("room_closed", str(error)) from error
        except RoomClosed as error:
            raise Refused(*error.refusal) from error
        client = self._connect(live, player, seat, outlet)
        client.send(self._welcome(live, client))
        self._media.say_level(live, client)
        live.wake()
        return live, client

    async def reseat(
        self, server_id: str, seat: Seat, known: Known, outlet: Outlet
    ) -> tuple[LiveSpace, Client]:
        """Seat a client that never left: its space has another owner, or its gateway lost the thread.

        It is told what it may have missed, and no `welcome`: its session and its media go on.
        Raises like `join`; Refused `replaced` when the user has come again elsewhere meanwhile.
        """
        with self.arrivals.arriving(server_id, seat.user_id):
            try:
                await self._last_place(server_id, seat)
            except Refused:
                raise
            except Exception as error:
                log.warning("whether somebody still belongs here cannot be asked: %s", error)
            live = await self._space_or_refuse(server_id)
            if not self.arrivals.may_sit(server_id, seat.user_id, seat.presence):
                raise Refused("removed", "you were removed from this server")
        player = live.space.players.get(seat.user_id)
        link = live.hearing.links.get(player) if player is not None else None
        if player is not None and link is not None and link.session != known.session:
            raise Refused("replaced", "you opened this server somewhere else")
        recalled = self._spaces.recall(server_id, seat.user_id)
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
        player.showing = known.showing
        player.booth = known.booth
        client = self._connect(live, player, seat, outlet)
        client.send(MovedBack(player.x, player.y, max(player.last_seq, 0)))
        live.telling.whole_picture(client, (*live.remembered, *live.space.players))
        if known.media and live.hearing.links[player].worker is None:
            client.send(Error("media_lost", "the media worker was lost; offer again"))
        self._media.say_level(live, client)
        if told:
            live.flags_changed(player)
        else:
            live.media_changed(player)
        return live, client

    def _connect(self, live: LiveSpace, player: Player, seat: Seat, outlet: Outlet) -> Client:
        client = Client(seat, player, outlet)
        live.telling.connect(client)
        live.space.touch(player)
        self._spaces.occupied(live.record.id)
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
        if self._spaces.closing:
            raise Refused("restarting", "the server restarts; come back in a moment")
        try:
            live = await self._spaces.load(server_id)
        except (LookupError, ValueError) as error:
            log.error("the map of server %s cannot be loaded: %s", server_id, error)
            raise Refused("map_unusable", "this server's map cannot be loaded") from error
        if live is None:
            raise Refused("no_server", "there is no such server")
        return live

    def _resumed(self, server_id: str, seat: Seat, join: Join) -> ResumeTicket | None:
        """What a resume token takes back; None without a valid one of this very user."""
        if join.resume is None:
            return None
        try:
            claims = self._tickets.read(ResumeTicket, join.resume, self._wall())
        except BadTicket:
            return None  # a token that has grown old is no fault: they join as if for the first time
        return claims if (claims.server_id, claims.user_id) == (server_id, seat.user_id) else None

    def _arrive(
        self,
        live: LiveSpace,
        seat: Seat,
        resumed: str | None,
        last: tuple[float, float] | None,
        known: Known | None = None,
        was: ResumeTicket | None = None,
    ) -> Player:
        remembered = live.remembered.pop(seat.user_id, None)
        # A session that a worker still carries under another owner's routes goes on.
        found = self._spaces.find(live.record.id, resumed) if resumed is not None else None
        returning = known is not None or found is not None
        if remembered is not None:
            last = remembered.x, remembered.y
            returning |= resumed == remembered.session and self._now() - remembered.at < RETURN_SECONDS
        player = live.space.join(seat, self._now(), last, returning=returning)
        if remembered is not None:
            player.direction = remembered.direction
            if resumed == remembered.session:
                player.flags = remembered.flags
                player.watch = remembered.watch
                player.showing = remembered.showing
        elif was is not None:
            # They were here a moment ago, under an owner that is gone.
            player.flags, player.watch = MediaFlags(was.mic, was.camera), was.watch
        keep = resumed if found is not None or known is not None else None
        self._media.seat(live, player, keep if keep is not None else new_session_id())
        if found is not None:
            self._media.left_behind.adopt(live, player, found)
        return player

    def _take_over(self, live: LiveSpace, player: Player, seat: Seat, resumed: str | None) -> None:
        """The user is here already: an older tab, or a connection that was lost a moment ago."""
        if seat.zone_id is not None and seat.zone_id != player.zone_id:
            live.space.put(player, *live.space.place_for(seat, None))
        departure = self._departures.pop(player, None)
        if departure is not None:
            departure.cancel()
        older = live.telling.disconnect(player)
        if older is not None:
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
            player.booth = False
            player.pinned = None
            if player.showing != Showing():
                player.showing = Showing()
                live.tell_viewers(player, Shown(player.user_id, player.showing))
        else:
            link.router = None  # slots that changed meanwhile were told to nobody: say all of them
        live.media_changed(player)

    def _welcome(self, live: LiveSpace, client: Client) -> Welcome:
        player, record = client.player, live.record
        session = live.hearing.links[player].session
        return welcome(
            live,
            player,
            session=session,
            map_info=self._map_info(record.map_name),
            ice_servers=self._ice_servers(player.user_id),
            resume=self._resume(live, player),
        )

    def _resume(self, live: LiveSpace, player: Player, kept_until: float = 0.0) -> str:
        flags, session = player.flags, live.hearing.links[player].session
        ticket = ResumeTicket(
            live.record.id, player.user_id, session, flags.mic, flags.camera, player.watch, kept_until
        )
        return self._tickets.issue(ticket, RESUME_SECONDS, self._wall())

    def renew(self, live: LiveSpace, client: Client, *, stopping: bool = False) -> None:
        """What the client sends may be other than its resume token says: it gets another one. One that comes
        before we are `stopping` brings back mute state to whoever owns the space then."""
        if client.player in live.hearing.links:
            kept_until = self._wall() + RETURN_SECONDS if stopping else 0.0
            client.send(Resume(self._resume(live, client.player, kept_until)))

    def renew_soon(self, live: LiveSpace, client: Client) -> None:
        """`renew`, once for all that the client changes within a tick's time."""
        if not client.renewing:
            client.renewing = True
            asyncio.get_running_loop().call_later(TICK_SECONDS, self._renew_now, live, client)

    def _renew_now(self, live: LiveSpace, client: Client) -> None:
        client.renewing = False
        if not client.closed:
            self.renew(live, client)

    # --- going -------------------------------------------------------------------------------------

    def disconnect(self, live: LiveSpace, client: Client) -> None:
        """The connection has ended. The avatar stays for a moment, unheard and hearing nobody."""
        player = client.player
        client.closed = True
        if client.closed_code is not None:
            self._metrics.dropped.labels(client.closed_code).inc()
        if live.clients.get(player) is not client:
            return  # replaced, removed, or the space is closed
        live.telling.disconnect(player)
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
            live.telling.disconnect(player)
            self._depart_in(live, player, seconds)

    def end_parking(self, live: LiveSpace, seconds: float) -> None:
        """Those who are parked and whose way is free again have so long to come."""
        for player in live.space.players.values():
            if player in self._departures and player.present:
                self._departures.pop(player).cancel()
                self._depart_in(live, player, seconds)

    def _depart_in(self, live: LiveSpace, player: Player, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        self._departures[player] = loop.call_later(seconds, self.depart, live, player)

    def depart(self, live: LiveSpace, player: Player) -> None:
        """The player leaves for good."""
        departure = self._departures.pop(player, None)
        if departure is not None:
            departure.cancel()
        if live.space.players.get(player.user_id) is not player:
            return
        link = live.hearing.links.get(player)
        if player.presence != "device" and link is not None:
            live.remember(player, link.session, self._now())
        self._media.leave(live, player)
        live.telling.disconnect(player)
        live.space.leave(player.user_id)
        if player.presence == "walker":
            self._saver.leave(live.record.id, player)
        if not live.space.players:
            self._spaces.emptied(live.record.id)
        live.wake()

    def send_away(self, live: LiveSpace, player: Player, message: Closing) -> None:
        """The player is removed, and told why."""
        client = live.telling.disconnect(player)
        if client is not None:
            client.close(message)
        self.depart(live, player)

    def vacate(self, live: LiveSpace) -> None:
        """The space ends: everybody leaves it. Their clients have been told, or are gone."""
        for player in list(live.space.players.values()):
            self.depart(live, player)

    def abandon(self, live: LiveSpace) -> None:
        """The space is another node's now: its people are seated there, and told nothing from here."""
        for client in live.clients.values():
            client.closed = True
        live.clients.clear()
        for player in live.space.players.values():
            departure = self._departures.pop(player, None)
            if departure is not None:
                departure.cancel()
