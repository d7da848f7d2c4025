"""What each session is to see and hear, for its bandwidth to be shared out: routes, layers and speakers.

No packet and no clock in here. What is decided goes back: a layer is selected, and the world is told of
the pictures that a listener does not get.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sfu.congestion.ladder import Layer, Step, ladder
from sfu.downlink.bandwidth import View
from sfu.routing.feeds import Feeds
from sfu.routing.layers import Layers
from sfu.routing.router import RoutingTable
from signaling.control import Picture, VideoPaused

# Somebody who stopped speaking keeps a speaker's rank so long (s): a better layer costs a keyframe.
SPEAKING_HOLD = 3.0
# Header, extensions and RTX on top of payload.
OVERHEAD = 1.06
# Steps are made anew when a source was measured again.
STEPS_SECONDS = 0.2


class Sight:
    """Is the `bandwidth.Views` of one forwarder. `select` and `tell(session, event)` are the hands."""

    def __init__(
        self,
        routing: RoutingTable,
        feeds: Feeds,
        select: Callable[[int, int, int, bool], None],
        tell: Callable[[str, VideoPaused], None],
        clock: Callable[[], float],
        worker: str = "",
    ) -> None:
        self._worker = worker
        self._routing = routing
        self._feeds = feeds
        self._select = select
        self._tell = tell
        self._clock = clock
        self._spoke: dict[str, float] = {}
        self._steps: dict[int, tuple[float, tuple[Step, ...]]] = {}
        self._told: dict[str, tuple[Picture, ...]] = {}

    def speaking(self, sessions: Iterable[str], now: float) -> None:
        """These speak now."""
        self._spoke.update(dict.fromkeys(sessions, now))
        if len(self._spoke) > 4096:
            self._spoke = {name: at for name, at in self._spoke.items() if now - at < SPEAKING_HOLD}

    def forget(self, session: str) -> None:
        """Its subscribe connection is gone: it was told nothing."""
        self._told.pop(session, None)

    def source_gone(self, group: int) -> None:
        """The source is no more."""
        self._steps.pop(group, None)

    # --- bandwidth.Views -----------------------------------------------------------------------------

    def videos(self, session: str) -> Iterable[View]:
        member = self._routing.member(session)
        if member is None:
            return
        now = self._clock()
        for key in member.fed:
            kind, index = key
            route = member.wanted.get(key)
            slot = member.slots[key].handle
            feed = self._feeds.of(slot)
            if kind != "video" or route is None or feed is None:
                continue
            silent = now - self._spoke.get(route.session, float("-inf")) >= SPEAKING_HOLD
            rank = (route.source != "screen", route.rank, silent, index)
            yield View(slot, rank, self._steps_of(feed.source, now), route.cap)

    def audible(self, session: str) -> int:
        member = self._routing.member(session)
        return 0 if member is None else sum(kind == "audio" for kind, _ in member.fed)

    def select(self, slot: int, spatial: int, temporal: int, hold: bool) -> None:
        self._select(slot, spatial, temporal, hold)

    def shown(self, session: str, paused: frozenset[int]) -> None:
        member = self._routing.member(session)
        if member is None:
            return
        pictures = tuple(
            Picture(route.session, route.source)
            for key, route in sorted(member.wanted.items())
            if key in member.slots and member.slots[key].handle in paused
        )
        if pictures != self._told.get(session, ()):
            self._told[session] = pictures
            self._tell(session, VideoPaused(session, pictures, self._worker))

    def _steps_of(self, source: Layers, now: float) -> tuple[Step, ...]:
        known = self._steps.get(source.group)
        if known is not None and now - known[0] < STEPS_SECONDS:
            return known[1]
        layers = []
        for layer in source.layers:
            bitrate = (layer.bitrate or layer.usual) * OVERHEAD
            parts = layer.bitrates[: layer.temporal_layers] if layer.bitrate else ()
            layers.append(Layer(bitrate > 0.0, bitrate, tuple(part * OVERHEAD for part in parts)))
        steps = ladder(layers, source.source == "screen")
        self._steps[source.group] = now, steps
        return steps
