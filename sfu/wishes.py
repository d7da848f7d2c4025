"""What publishers are told of their video: which layers somebody receives, and in which codec to send it.

Both are told together, as one picture of the source, when either changes. Of a source that came over a pipe
its own worker is told, which has the publisher.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sfu.routing.codec_choice import CodecChoice
from sfu.routing.layers import NOTHING, Layers
from sfu.routing.pausing import Wanted
from sfu.routing.producer import NAMES
from signaling.control import LayersWanted

if TYPE_CHECKING:  # it has one of these
    from sfu.media import Media


class Wish:
    """One source. `named`: its publisher was asked for a codec, so it is told one every time."""

    def __init__(self, layers: Layers) -> None:
        self.layers = layers
        self.wanted = Wanted(len(layers.layers))
        self.codec = CodecChoice(layers.codecs)
        self.named = False
        self.anew = False  # what was told last may not have been heard


class Wishes:
    """Every video source of a media server."""

    def __init__(self, media: Media) -> None:
        self._media = media
        self._wishes: dict[int, Wish] = {}  # by group
        self._waiting: set[int] = set()  # those of which time alone may change something

    def add(self, layers: Layers) -> None:
        """A source has come."""
        self._wishes[layers.group] = Wish(layers)
        self._media.feeds.changed.add(layers.group)

    def remove(self, group: int) -> None:
        """It is no more."""
        self._wishes.pop(group, None)

    def forget(self, group: int) -> None:
        """Its publisher begins with all layers again, and may not have heard of the codec."""
        wish = self._wishes.get(group)
        if wish is not None:
            wish.wanted = Wanted(len(wish.layers.layers))
            wish.anew = wish.named
            self._media.feeds.changed.add(group)

    def tell(self) -> None:
        """Tell whoever is to be told."""
        media = self._media
        changed, media.feeds.changed = media.feeds.changed, set()
        for session, source in media.routing.take_watched():
            reference = media.routing.producer(session, source)
            if reference is not None:
                changed.add(reference.handle)
        now = media.clock()
        for group in changed | self._waiting:
            wish = self._wishes.get(group)
            if wish is None or not wish.layers.started:
                self._waiting.discard(group)
                continue
            waits = self._fetch(wish, now) if media.pipes.imported(group) else self._ask(wish, now)
            (self._waiting.add if waits else self._waiting.discard)(group)

    def _look(self, wish: Wish, now: float) -> bool:
        """Whether another layer is the best that somebody receives, or is about to."""
        media, layers = self._media, wish.layers
        prepared = media.routing.prepared[layers.session, layers.source]
        return wish.wanted.look(max(media.feeds.highest(layers.group), 0 if prepared else NOTHING), now)

    def _fetch(self, wish: Wish, now: float) -> bool:
        media, layers = self._media, wish.layers
        if self._look(wish, now):
            media.pipes.received(layers.session, layers.source, wish.wanted.told)
        media.pipes.watched(
            layers.session, layers.source, media.routing.audience(layers.session, layers.source)
        )
        return wish.wanted.waiting

    def _ask(self, wish: Wish, now: float) -> bool:
        media, layers = self._media, wish.layers
        session, source = layers.session, layers.source
        told = self._look(wish, now) or wish.anew
        audience = media.routing.audience(session, source).plus(media.pipes.audience(session, source))
        if wish.codec.look(audience, layers.codec, layers.sends, now):
            told = wish.named = True
        if told:
            wish.anew = False
            codec = NAMES[wish.codec.told] if wish.named else ""
            rids = layers.rids[: wish.wanted.told + 1]
            media.tell(session, LayersWanted(session, source, rids, media.name, codec))
        return wish.wanted.waiting or wish.codec.waiting
