"""What workers say of sessions: sources that open and close, connections that fail, who speaks.

While a session moves it is on two workers; each says who it is, and what it says counts for that side
of the move only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import zip_longest

import msgspec

from signaling import messages
from signaling.codec import decode_event
from signaling.control import (
    AudioLevels,
    ConnectionChanged,
    Event,
    Heartbeat,
    LayersWanted,
    ProducerClosed,
    ProducerOpened,
    VideoPaused,
)
from signaling.messages import PausedVideo
from world.hearing.audibility import amplitude
from world.media.seated import Seated
from world.running.live import LiveSpace
from world.space.player import USUAL_LOUDNESS, Player


class News:
    """Takes events of every space of this node.

    `lost(seated, why)`: its connection has ended; `moved(seated)`: something of its move has come about.
    """

    def __init__(
        self,
        sessions: Mapping[str, Seated],
        now: Callable[[], float],
        lost: Callable[[Seated, str], None],
        moved: Callable[[Seated], None],
    ) -> None:
        self._sessions = sessions
        self._now = now
        self._lost = lost
        self._moved = moved
        self._spaces: dict[str, LiveSpace] = {}
        # Who speaks in a router and how loud (amplitude), as each of its workers says.
        self._speaking: dict[str, dict[str, dict[Player, float]]] = {}

    def listen(self, live: LiveSpace) -> None:
        """Take what concerns this space."""
        self._spaces[live.record.id] = live

    def forget(self, server_id: str) -> None:
        """The space is not ours any more."""
        self._spaces.pop(server_id, None)
        for router in [router for router in self._speaking if router.rpartition(":")[0] == server_id]:
            del self._speaking[router]

    def worker_lost(self, worker: str) -> None:
        """Nobody speaks on a dead worker."""
        for router, workers in list(self._speaking.items()):
            if workers.pop(worker, None):
                self._tell_speaking(router)

    def take(self, payload: bytes) -> None:
        """An event on the topic of a space."""
        try:
            event = decode_event(payload)
        except msgspec.DecodeError:
            return  # of another release
        if isinstance(event, AudioLevels):
            self._levels(event)
        elif not isinstance(event, Heartbeat):
            seated = self._sessions.get(event.session)
            if seated is not None:
                self._of_session(seated, event)

    def _of_session(self, seated: Seated, event: Event) -> None:
        assert not isinstance(event, AudioLevels | Heartbeat)
        if isinstance(event, LayersWanted):
            self._wanted(seated, event)
            return
        if isinstance(event, VideoPaused):
            self._paused(seated, event)
            return
        if seated.move is not None and event.worker == seated.move.target:
            self._of_move(seated, event)
            return
        if event.worker and event.worker != seated.link.worker:
            return  # of a worker that it has left
        if isinstance(event, ProducerOpened):
            seated.player.sources.add(event.source)
            seated.live.media_changed(seated.player)
        elif isinstance(event, ProducerClosed):
            seated.player.sources.discard(event.source)
            seated.live.media_changed(seated.player)
        elif seated.link.worker is not None and (
            event.state == "failed" or (event.state == "closed" and seated.player.presence == "device")
        ):
            self._lost(seated, f"the {event.connection} connection failed; offer again")

    def _of_move(self, seated: Seated, event: ProducerOpened | ProducerClosed | ConnectionChanged) -> None:
        move = seated.move
        assert move is not None
        if isinstance(event, ProducerOpened):
            move.sources.add(event.source)
        elif isinstance(event, ProducerClosed):
            move.sources.discard(event.source)
        elif event.state == "connected":
            move.up.add(event.connection)
        else:
            move.up.discard(event.connection)
        self._moved(seated)

    def _wanted(self, seated: Seated, event: LayersWanted) -> None:
        """Tell the publisher; a worker that it is moving to speaks of connections that are not in use yet."""
        client = seated.live.clients.get(seated.player)
        if client is not None and event.worker in ("", seated.link.worker):
            client.send(messages.LayersWanted(event.source, list(event.rids), event.codec))

    def _paused(self, seated: Seated, event: VideoPaused) -> None:
        workers = {seated.link.worker, seated.move.target if seated.move is not None else None}
        client = seated.live.clients.get(seated.player)
        if client is None or (event.worker and event.worker not in workers):
            return
        paused = []
        for picture in event.paused:
            other = self._sessions.get(picture.session)
            if other is not None and other.live is seated.live:
                paused.append(PausedVideo(other.player.user_id, picture.source))
        client.send(messages.VideoPaused(paused))

    def _levels(self, event: AudioLevels) -> None:
        live = self._spaces.get(event.router.rpartition(":")[0])
        if live is None:
            return
        speakers = {}
        for session, level in zip_longest(event.speaking, event.levels[: len(event.speaking)]):
            seated = self._sessions.get(session)
            if seated is not None and seated.live is live:
                speakers[seated.player] = amplitude(level) if level is not None else USUAL_LOUDNESS
        workers = self._speaking.setdefault(event.router, {})
        if speakers:
            workers[event.worker] = speakers
        else:
            workers.pop(event.worker, None)
        self._tell_speaking(event.router)

    def _tell_speaking(self, router: str) -> None:
        live = self._spaces.get(router.rpartition(":")[0])
        workers = self._speaking.get(router, {})
        everybody = {player: loud for speakers in workers.values() for player, loud in speakers.items()}
        if not workers:
            self._speaking.pop(router, None)
        if live is not None:
            live.set_speaking(router, everybody, self._now())
