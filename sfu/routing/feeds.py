"""What feeds which slot: the router says whose source it is, a wish says which of its layers. Pure.

`Feeds` keeps both and tells the forwarder through `Hands` when the outcome changes. A wish outlives that a
layer starts or stops: fed is always the best that there is of what is wished for. A slot that gets another
source begins with the best, until somebody wishes otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from sfu.forward.contract import MAX_TEMPORAL
from sfu.routing.layers import BEST, NOTHING, Layers


class Hands(Protocol):
    """What is done about it."""

    def feed(self, slot: int, producer: int | None, hold: bool) -> None:
        """`contract.Forwarder.route`, and who has to know of it."""

    def thin(self, slot: int, temporal: int) -> None:
        """`contract.Forwarder.limit`."""


@dataclass(slots=True)
class Feed:
    """One slot. `fed` is the producer it was routed to last, 0: none."""

    slot: int
    source: Layers
    spatial: int = BEST
    temporal: int = MAX_TEMPORAL
    fed: int = 0
    held: bool = False  # what was fed before may still be what flows


class Feeds:
    """Every slot that is fed, of one forwarder."""

    def __init__(self, hands: Hands) -> None:
        self._hands = hands
        self._feeds: dict[int, Feed] = {}
        self._by_source: dict[int, dict[int, Feed]] = {}
        self._limits: dict[int, int] = {}
        self._exact: dict[int, int] = {}
        # Groups whose slots, or their wishes, have changed since somebody looked.
        self.changed: set[int] = set()

    def of(self, slot: int) -> Feed | None:
        """What the slot carries, None where it carries nobody."""
        return self._feeds.get(slot)

    def listening(self, group: int) -> list[Feed]:
        """The slots that carry this source."""
        return list(self._by_source.get(group, {}).values())

    def highest(self, group: int) -> int:
        """The best layer that somebody wishes for of this source, NOTHING when nobody does."""
        return max((feed.spatial for feed in self.listening(group)), default=NOTHING)

    def only(self, slot: int, layer: int) -> None:
        """The slot carries this layer of its source while it flows, and no other one (NOTHING: none): a
        pipe's, whose other end chooses among the layers."""
        self._exact[slot] = layer
        self.select(slot, layer, MAX_TEMPORAL, hold=False)

    def routed(self, slot: int, source: Layers | None) -> None:
        """The router has decided: the slot carries this source now, or none."""
        known = self._feeds.get(slot)
        if known is not None:
            if known.source is source:
                return
            self._forget(known)
        if source is None:
            self._hands.feed(slot, None, False)
            return
        feed = self._feeds[slot] = Feed(slot, source, self._exact.get(slot, BEST))
        self._by_source.setdefault(source.group, {})[slot] = feed
        self.changed.add(source.group)
        self._limit(feed)
        self._settle(feed, hold=False)

    def select(self, slot: int, spatial: int, temporal: int, hold: bool) -> None:
        """What the slot is to carry of its source: see `media.Media.select`."""
        feed = self._feeds.get(slot)
        if feed is None:
            return
        if feed.spatial != spatial:
            feed.spatial = spatial
            self.changed.add(feed.source.group)
        feed.temporal = max(0, min(temporal, MAX_TEMPORAL))
        self._limit(feed)
        self._settle(feed, hold)

    def shifted(self, source: Layers) -> None:
        """A layer of this source has begun or ceased to flow."""
        for feed in self.listening(source.group):
            index = source.index(feed.fed)
            self._settle(feed, hold=index != NOTHING and source.layers[index].flows)

    def slot_gone(self, slot: int) -> None:
        """The slot is no more."""
        feed = self._feeds.get(slot)
        if feed is not None:
            self._forget(feed)
        self._limits.pop(slot, None)
        self._exact.pop(slot, None)

    def _forget(self, feed: Feed) -> None:
        del self._feeds[feed.slot]
        others = self._by_source[feed.source.group]
        del others[feed.slot]
        if not others:
            del self._by_source[feed.source.group]
        self.changed.add(feed.source.group)

    def _settle(self, feed: Feed, hold: bool) -> None:
        exact = feed.slot in self._exact
        layer = feed.source.exactly(feed.spatial) if exact else feed.source.pick(feed.spatial)
        wanted = layer.producer.handle if layer is not None else 0
        # A change that is not to wait any longer is told though it is to the same layer.
        if wanted == feed.fed and (hold or not feed.held):
            return
        feed.held = hold and feed.fed != 0
        feed.fed = wanted
        self._hands.feed(feed.slot, wanted or None, feed.held)

    def _limit(self, feed: Feed) -> None:
        if self._limits.get(feed.slot, MAX_TEMPORAL) != feed.temporal:
            self._limits[feed.slot] = feed.temporal
            self._hands.thin(feed.slot, feed.temporal)
