"""What each listener can be sent: its estimate, its probes, and which layer of whom it gets.

One `Downlink` per subscribe connection. Feedback moves the estimate (`sfu.congestion.estimator`); when that,
or what the listener is to see, has changed, its bits are shared out anew (`sfu.congestion.allocator`) and the
layers selected. Who is to be seen is not decided here: `Views` says it. Voices come first, and go out
redundantly where that helps (`sfu.congestion.redundancy`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from sfu.congestion.allocator import MARGIN, PAUSED, SHARE, Allocation, Allocator, Stream
from sfu.congestion.estimator import Estimator
from sfu.congestion.ladder import Step, within
from sfu.congestion.path import PacketResult
from sfu.congestion.probing import Prober
from sfu.congestion.redundancy import Redundancy
from sfu.forward.contract import MAX_PADDING, MAX_PROBE, Forwarder
from sfu.metrics import Metrics
from sfu.routing.slot import Slot
from sfu.rtp.sequence import newer_16
from sfu.rtp.twcc import TICKS_PER_SECOND, TransportFeedback
from signaling.ratelimit import TokenBucket

# bit/s that are set aside for each audio slot that is fed: opus with header and extensions.
AUDIO_BITRATE = 40e3
# The same where it goes out redundantly.
DOUBLED_BITRATE = 75e3
# How often bits are shared out anew: while there are too few of them, and otherwise.
SCARCE_SECONDS = 0.2
PLENTY_SECONDS = 2.0
# A change of the estimate that is answered at once.
CHANGE = 0.1
# Numbers of one feedback that are looked up; a client that tells of more is behind by seconds.
MAX_NUMBERS = 1024
# Feedback of one listener: browsers send up to twenty a second.
FEEDBACK_RATE, FEEDBACK_BURST = 60.0, 60.0
# Header and extension of a packet of padding, bytes.
PROBE_HEAD = 24
# Less than this (bit/s) and a client may have nothing to tell.
AUDIBLE_BITRATE = 50e3


@dataclass(frozen=True, slots=True)
class View:
    """One video that is routed to a slot: its steps, its rank (the lowest is first) and its cap (0..3)."""

    slot: int
    rank: tuple[float, ...]
    steps: tuple[Step, ...]
    cap: int = 3


class Views(Protocol):
    """Who knows what a session is to see, and turns it on and off."""

    def videos(self, session: str) -> Iterable[View]:
        """The video slots that are fed (or would be, were there room)."""

    def audible(self, session: str) -> int:
        """How many audio slots are fed."""

    def select(self, slot: int, spatial: int, temporal: int, hold: bool) -> None:
        """Send this layer in the slot, -1: none. `hold`: keep on sending the present one till then."""

    def shown(self, session: str, paused: frozenset[int]) -> None:
        """These of the session's slots carry nothing now, for want of room or of nearness: all of them,
        told whenever bits were shared out."""


@dataclass(slots=True, eq=False)
class Downlink:
    """One subscribe connection. `numbered`: its packets carry transport-wide numbers."""

    session: str
    peer: int
    numbered: bool
    padded: int  # the slot that probes go out on, 0: none can
    estimator: Estimator
    prober: Prober
    budget: TokenBucket
    allocator: Allocator = field(default_factory=Allocator)
    heard_of: bool = False  # it has told something of its path
    told: int | None = None  # the first transport-wide number that it has not told of
    due: float = 0.0
    estimate: float = 0.0  # with which it was shared out
    allocation: Allocation = field(default_factory=lambda: Allocation({}, 0.0, 0.0, frozenset()))
    steps: dict[int, Step | None] = field(default_factory=dict)
    paused: frozenset[int] = frozenset()
    stopped: bool = False  # all video, for a moment: a queue drains
    voices: tuple[int, ...] = ()  # the audio slots that take redundant audio
    redundancy: Redundancy = field(default_factory=Redundancy)

    @property
    def known(self) -> float | None:
        """bit/s that may be sent now, None as long as nobody knows."""
        return self.estimator.allowed if self.heard_of or self.numbered else None


class Bandwidth:
    """Every listener of one forwarder. `heard` gives the (loss, round trip in s) that a session reports, -1
    where it has not."""

    def __init__(
        self,
        forwarder: Forwarder,
        views: Views,
        metrics: Metrics,
        heard: Callable[[str], tuple[float, float]],
    ) -> None:
        self._forwarder = forwarder
        self._views = views
        self._metrics = metrics
        self._heard = heard
        self.downlinks: dict[int, Downlink] = {}
        self._sessions: dict[str, Downlink] = {}
        self._numbered: dict[int, Downlink] = {}  # those whose path may be probed
        self._probing: set[int] = set()  # those of them where it is

    # --- who listens -------------------------------------------------------------------------------

    def add(self, session: str, peer: int, slots: Sequence[Slot], now: float) -> None:
        """The session receives over this peer from now on."""
        numbered = any(slot.params.extensions.transport_cc for slot in slots)
        padded = next((slot.handle for slot in slots if slot.params.rtx_ssrc), 0)
        budget = TokenBucket(FEEDBACK_RATE, FEEDBACK_BURST)
        downlink = Downlink(session, peer, numbered, padded, Estimator(), Prober(now), budget)
        downlink.voices = tuple(slot.handle for slot in slots if slot.params.red_payload_type)
        self.downlinks[peer] = self._sessions[session] = downlink
        if numbered:
            self._numbered[peer] = downlink

    def remove(self, peer: int) -> None:
        """Its connection is gone."""
        downlink = self.downlinks.pop(peer, None)
        self._numbered.pop(peer, None)
        self._probing.discard(peer)
        if downlink is not None and self._sessions.get(downlink.session) is downlink:
            del self._sessions[downlink.session]

    def rerouted(self, session: str, slot: int) -> None:
        """The slot carries somebody else from now on, or nobody: what was selected in it counts no more."""
        downlink = self._sessions.get(session)
        if downlink is not None:
            downlink.steps.pop(slot, None)

    def changed(self, session: str, now: float) -> None:
        """What the session is to see has changed: share out at once, so that all begins as it stays."""
        downlink = self._sessions.get(session)
        if downlink is not None:
            self._share(downlink, now)

    # --- what clients tell -------------------------------------------------------------------------

    def feedback(self, peer: int, told: TransportFeedback, now: float) -> None:
        """A listener says which packets arrived when."""
        downlink = self.downlinks.get(peer)
        if downlink is None or not downlink.numbered or not downlink.budget.take(now, 1):
            return
        first = told.base + max(0, told.count - MAX_NUMBERS)
        arrived = dict(told.arrivals)
        numbers = [number & 0xFFFF for number in range(first, told.base + told.count)]
        results = []
        for number, (sent, size) in zip(numbers, self._forwarder.transport_sent(peer, numbers), strict=True):
            if sent:
                ticks = arrived.get(number)
                at = None if ticks is None else ticks / TICKS_PER_SECOND
                results.append(PacketResult(sent, at, size))
        downlink.heard_of = True
        self._metrics.transport_feedback_received.inc()
        estimator = downlink.estimator
        drops = estimator.drops
        whole = downlink.told is None or not newer_16(told.base, downlink.told)
        downlink.told = told.base + told.count & 0xFFFF
        estimator.feedback(results, now, whole)
        found = downlink.prober.feedback(results, now)
        self._note(downlink)
        if found is not None:
            estimator.probed(*found, now)
            self._metrics.probe_results.labels("carried" if found[1] else "held_up").inc()
        self._moved(downlink, estimator.drops - drops, now)

    def remb(self, peer: int, bitrate: int, now: float) -> None:
        """A listener says how much it believes to be able to receive."""
        downlink = self.downlinks.get(peer)
        if downlink is not None and not downlink.numbered:
            downlink.heard_of = True
            drops = downlink.estimator.drops
            downlink.estimator.remb(bitrate, now)
            self._moved(downlink, downlink.estimator.drops - drops, now)

    def _moved(self, downlink: Downlink, drops: int, now: float) -> None:
        if drops:
            self._metrics.congested.inc(drops)
        if downlink.estimator.brake.on != downlink.stopped:
            self._share(downlink, now)
            return
        known = downlink.known
        if known is None:
            return
        before = downlink.estimate
        scarce = downlink.allocation.used < downlink.allocation.goal
        if (known < downlink.allocation.used and known < before) or (
            scarce and abs(known - before) > CHANGE * before
        ):
            self._share(downlink, now)

    # --- time ----------------------------------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """Whether a probe is being sent: then `tick` is wanted every 20 ms."""
        return bool(self._probing)

    @property
    def flowing(self) -> bool:
        """Whether a listener's path may be probed: then `tick` is wanted every 50 ms."""
        return bool(self._numbered)

    def tick(self, now: float) -> None:
        """Every 20 ms while `busy`, else every 50 to 250 ms: what is due."""
        for downlink in self._numbered.values():
            self._probe(downlink, now)
        for downlink in self.downlinks.values():
            if downlink.estimator.brake.tick(now) or now >= downlink.due:
                sending = downlink.allocation.used > AUDIBLE_BITRATE and not downlink.stopped
                downlink.estimator.silence(downlink.numbered and sending, now)
                self._share(downlink, now)

    def _probe(self, downlink: Downlink, now: float) -> None:
        if not downlink.heard_of or not downlink.padded:
            return
        allocation = downlink.allocation
        estimator = downlink.estimator
        padding = downlink.prober.padding(
            estimator.bitrate, estimator.drops, allocation.goal, allocation.used, now
        )
        self._note(downlink)
        if padding > 0:
            packets = min(math.ceil(padding / (MAX_PADDING + PROBE_HEAD)), MAX_PROBE)
            shown = next((slot for slot, step in downlink.steps.items() if step), downlink.padded)
            sent = self._forwarder.probe(shown, packets, MAX_PADDING)
            self._metrics.probe_packets.inc(sent)

    def _note(self, downlink: Downlink) -> None:
        (self._probing.add if downlink.prober.busy else self._probing.discard)(downlink.peer)

    def _share(self, downlink: Downlink, now: float) -> None:
        """Give this listener's bits to those whom it is to see."""
        views = {view.slot: view for view in self._views.videos(downlink.session)}
        streams = [
            Stream(
                view.slot,
                view.rank,
                tuple(step.bitrate for step in view.steps),
                within(view.steps, view.cap),
                view.steps[0].measured or math.inf if view.steps else math.inf,
            )
            for view in views.values()
        ]
        known = downlink.known
        audio = self._voices(downlink, self._views.audible(downlink.session), known, now)
        allocation = downlink.allocator.allocate(streams, audio, known, now)
        scarce = allocation.used < allocation.goal
        downlink.due = now + (SCARCE_SECONDS if scarce else PLENTY_SECONDS)
        downlink.estimate = known if known is not None else math.inf
        downlink.allocation = allocation
        before, downlink.steps = downlink.steps, {}
        downlink.stopped = downlink.estimator.brake.on
        for slot, layer in allocation.layers.items():
            step = views[slot].steps[layer] if layer != PAUSED and not downlink.stopped else None
            downlink.steps[slot] = step
            if slot not in before or _differ(before[slot], step):
                self._select(slot, before.get(slot), step)
        paused = frozenset(slot for slot, layer in allocation.layers.items() if layer == PAUSED)
        self._metrics.paused.inc(len(paused - downlink.paused))
        downlink.paused = paused
        self._views.shown(downlink.session, paused)

    def _voices(self, downlink: Downlink, audible: int, known: float | None, now: float) -> float:
        """Send the voices redundantly or not; the bit/s that are set aside for them."""
        if not downlink.voices:
            return AUDIO_BITRATE * audible
        loss, round_trip = self._heard(downlink.session)
        if downlink.numbered:
            # It tells more, and sooner: what is repeated in time counts in reports as not lost.
            loss = downlink.estimator.loss.own
        before = downlink.redundancy.on
        needed = DOUBLED_BITRATE * audible * (1.0 if before else MARGIN)
        fits = known is None or needed <= SHARE * known
        doubled = downlink.redundancy.look(loss, round_trip, fits and not downlink.estimator.brake.on, now)
        if doubled != before:
            for slot in downlink.voices:
                self._forwarder.redundancy(slot, doubled)
        return (DOUBLED_BITRATE if doubled else AUDIO_BITRATE) * audible

    def _select(self, slot: int, before: Step | None, step: Step | None) -> None:
        if step is None:
            self._views.select(slot, -1, 0, False)
            return
        # What is too much has to stop at once, or the queue holds the smaller one's keyframe for seconds.
        down = before is None or (step.spatial, step.temporal) < (before.spatial, before.temporal)
        self._views.select(slot, step.spatial, step.temporal, not down)

    # --- looking -----------------------------------------------------------------------------------

    def of(self, session: str) -> Downlink | None:
        """The session's downlink."""
        return self._sessions.get(session)


def _differ(one: Step | None, other: Step | None) -> bool:
    if one is None or other is None:
        return one is not other
    return (one.spatial, one.temporal) != (other.spatial, other.temporal)
