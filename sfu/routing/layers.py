"""The layers of one source: which of them flow, how much they carry, and which of them a wish means.

A source without simulcast has one layer, which always counts as flowing. Of several, a publisher sends those
that its bandwidth and its capture size allow, and those that it was not asked to pause; only packets tell.
Pure: figures and time come in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate, pairwise

from sfu.forward.contract import MAX_TEMPORAL, ProducerState
from sfu.routing.producer import Producer
from signaling.messages import Kind, Source

# A wish for the best that there is.
BEST = 3
# A wish for nothing.
NOTHING = -1
# Layers are measured over so many seconds; one that was silent for so long does not flow. At five pictures a
# second, the least that a camera sends, two are missing.
MEASURE_SECONDS = 0.5
# Older figures weigh this much in the next.
SMOOTHING = 0.5
# A list that carries this much more at its low end than at its high one is written best first.
REVERSED = 1.5


class Layer:
    """One encoding of a source. Bitrates are bit/s of payload, smoothed.

    `bitrate` is 0 while it does not flow, `usual` what it was before. `bitrates` are what is carried when
    temporal layers above the index are left out.
    """

    __slots__ = (
        "_at",
        "_bytes",
        "_sent_at",
        "_temporal",
        "bitrate",
        "bitrates",
        "flows",
        "producer",
        "usual",
    )

    def __init__(self, producer: Producer) -> None:
        self.producer = producer
        self.flows = False
        self.bitrate = 0.0
        self.usual = 0.0
        self.bitrates: tuple[float, ...] = (0.0,) * (MAX_TEMPORAL + 1)
        self._at: float | None = None
        self._bytes = 0
        self._temporal: tuple[int, ...] = (0,) * (MAX_TEMPORAL + 1)

    @property
    def temporal_layers(self) -> int:
        """How many temporal layers it carries."""
        return 1 + sum(higher > lower for lower, higher in pairwise(self.bitrates))

    def measure(self, state: ProducerState, now: float) -> None:
        """What has come in so far."""
        if self._at is None:
            self._at, self._bytes, self._temporal = now, 0, (0,) * (MAX_TEMPORAL + 1)
        self.flows = self.flows or state.bytes != self._bytes  # at once: somebody may wait for it
        seconds = now - self._at
        if seconds < MEASURE_SECONDS - 1e-6:
            return
        bits = (state.bytes - self._bytes) * 8
        self.flows = bits > 0
        new = [
            (after - before) * 8 / seconds
            for before, after in zip(self._temporal, state.temporal_bytes, strict=True)
        ]
        rate = bits / seconds
        if rate:  # of the measure before: in the last one it may have been stopped
            self.usual = self.bitrate or rate
        weight = SMOOTHING if self.bitrate and rate else 0.0
        self.bitrate = self.bitrate * weight + rate * (1 - weight)
        self.bitrates = tuple(
            old * weight + now_ * (1 - weight)
            for old, now_ in zip(self.bitrates, accumulate(new), strict=True)
        )
        self._at, self._bytes, self._temporal = now, state.bytes, state.temporal_bytes


class Layers:
    """One source that a session sends. `layers` are its encodings, lowest first; there is at least one."""

    def __init__(self, producers: Sequence[Producer]) -> None:
        first = producers[0]
        self.group = first.group
        self.session = first.session
        self.source: Source = first.source
        self.kind: Kind = first.kind
        self.layers = [Layer(producer) for producer in producers]
        self.codecs = tuple(form.codec for form in first.params.formats)  # the preferred one first
        self.codec = first.codec  # what its layers send, or the last of them that has changed
        if len(self.layers) == 1:
            self.layers[0].flows = True
        self._ordered = len(self.layers) == 1

    @property
    def rids(self) -> tuple[str, ...]:
        """Their names, lowest first."""
        return tuple(layer.producer.rid for layer in self.layers)

    @property
    def sends(self) -> bool:
        """Whether anything of it has come lately."""
        return any(layer.bitrate for layer in self.layers)

    @property
    def started(self) -> bool:
        """Whether anything of it has come."""
        return any(layer.producer.started for layer in self.layers)

    def measure(self, ask: Callable[[int], ProducerState], now: float) -> bool:
        """Look at what has come in (every 100 ms or so); `ask` gives a producer's figures.

        Returns whether another layer is the best for some wish now.
        """
        before = [(layer.producer.handle, layer.flows) for layer in self.layers]
        for layer in self.layers:
            layer.measure(ask(layer.producer.handle), now)
        if len(self.layers) == 1:
            self.layers[0].flows = True
            return False
        self._order()
        return before != [(layer.producer.handle, layer.flows) for layer in self.layers]

    def _order(self) -> None:
        """Some list their layers best first (as RFC 8853 §5.2 prefers): once all flow, bitrates say."""
        if self._ordered or not all(layer.flows and layer.bitrate for layer in self.layers):
            return
        self._ordered = True
        rates = [layer.bitrate for layer in self.layers]
        if all(low > high * REVERSED for low, high in pairwise(rates)):
            self.layers.reverse()

    def index(self, producer: int) -> int:
        """Which layer a producer is; NOTHING when it is none of these."""
        for index, layer in enumerate(self.layers):
            if layer.producer.handle == producer:
                return index
        return NOTHING

    def pick(self, spatial: int) -> Layer | None:
        """The best flowing layer up to this one, else the lowest that flows, else the lowest; None for a wish
        for nothing."""
        if spatial <= NOTHING:
            return None
        flowing = [layer for layer in self.layers if layer.flows]
        fitting = [layer for layer in self.layers[: spatial + 1] if layer.flows]
        return (fitting[-1:] or flowing[:1] or self.layers[:1])[0]

    def exactly(self, index: int) -> Layer | None:
        """This layer and no other one, while it flows."""
        layer = self.layers[index] if 0 <= index < len(self.layers) else None
        return layer if layer is not None and layer.flows else None
