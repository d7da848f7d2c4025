"""What a pipe carries: which slots its sending side gives out, which streams its receiving side wants. Pure.

A source with simulcast crosses as its layers, so that the receiving worker can choose for each of its
listeners. Where slots are short the lowest layers of all go before the higher ones of some.

A slot of a pipe has an SSRC for its life and goes from one stream to another. The receiver knows a stream
by its SSRC alone, so a slot that was given back rests until no packet of its last stream can still be on
its way: nobody's last words are taken for somebody else's, who is perhaps in another room.

A stream that nobody wants any more is kept for a moment, because people at the edge of hearing go to and
fro; one whose session has moved to another router is not.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from sfu.forward.contract import MAX_SLOTS_PER_PEER
from sfu.routing.codec_choice import Audience
from sfu.routing.layers import BEST
from signaling.control import PipeStream
from signaling.messages import KIND_OF_SOURCE, Kind, Source

# A slot that was given back rests so long (seconds): longer than any queue, shorter than patience.
REST_SECONDS = 3.0
# A stream without listeners is fetched for so long (seconds).
LINGER_SECONDS = 4.0
NOBODY = Audience()


class Lane(NamedTuple):
    """One layer of a stream; 0 is the lowest."""

    stream: PipeStream
    layer: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    """A slot of the sending side."""

    kind: Kind
    index: int


class SlotPool:
    """The slots of one pipe: which lane each carries, and which rest."""

    def __init__(self, size: int = MAX_SLOTS_PER_PEER) -> None:
        self._size = size
        self._made = 0
        self._taken: dict[Lane, Place] = {}
        self._resting: dict[Kind, deque[tuple[float, Place]]] = {"audio": deque(), "video": deque()}

    def __len__(self) -> int:
        return len(self._taken)

    def place(self, lane: Lane) -> Place | None:
        """The slot that carries this lane."""
        return self._taken.get(lane)

    @property
    def lanes(self) -> dict[Lane, Place]:
        """Everything that is carried."""
        return self._taken

    def want(
        self, lanes: Iterable[Lane], now: float
    ) -> tuple[list[tuple[Lane, Place]], list[tuple[Lane, Place]]]:
        """Carry these lanes and no others, as far as there are slots: (given back, newly taken)."""
        wanted = self._fitting(lanes)
        back = [(lane, place) for lane, place in self._taken.items() if lane not in wanted]
        for lane, place in back:
            del self._taken[lane]
            self._resting[place.kind].append((now + REST_SECONDS, place))
        taken = []
        for lane in wanted:
            if lane in self._taken:
                continue
            place_or_none = self._free(KIND_OF_SOURCE[lane.stream.source], now)
            if place_or_none is not None:
                self._taken[lane] = place_or_none
                taken.append((lane, place_or_none))
        return back, taken

    def settled(self, lanes: Iterable[Lane], now: float) -> bool:
        """Whether `want` would change nothing now."""
        wanted = self._fitting(lanes)
        if any(lane not in wanted for lane in self._taken):
            return False
        kinds = {KIND_OF_SOURCE[lane.stream.source] for lane in wanted if lane not in self._taken}
        return not any(self._has_free(kind, now) for kind in kinds)

    def _fitting(self, lanes: Iterable[Lane]) -> dict[Lane, None]:
        return dict.fromkeys(sorted(lanes, key=lambda lane: lane.layer)[: self._size])

    def _has_free(self, kind: Kind, now: float) -> bool:
        resting = self._resting[kind]
        return self._made < self._size or bool(resting and resting[0][0] <= now)

    def _free(self, kind: Kind, now: float) -> Place | None:
        resting = self._resting[kind]
        if resting and resting[0][0] <= now:
            return resting.popleft()[1]
        if self._made < self._size:
            self._made += 1
            return Place(kind, self._made - 1)
        return None


class Wants:
    """What is to be fetched from one other worker. `number` grows with every change."""

    def __init__(self) -> None:
        self.number = 0
        self._streams: dict[PipeStream, float | None] = {}  # without listeners: until when
        self._tops: dict[PipeStream, int] = {}  # where less than everything is received
        self._audiences: dict[PipeStream, Audience] = {}
        self._router: dict[str, str] = {}

    @property
    def streams(self) -> tuple[PipeStream, ...]:
        """The whole picture."""
        return tuple(self._streams)

    @property
    def tops(self) -> tuple[int, ...]:
        """Of each stream, the best layer that somebody receives."""
        return tuple(self._tops.get(stream, BEST) for stream in self._streams)

    @property
    def audiences(self) -> tuple[Audience, ...]:
        """Of each stream, who is to see it."""
        return tuple(self._audiences.get(stream, NOBODY) for stream in self._streams)

    def __contains__(self, stream: PipeStream) -> bool:
        return stream in self._streams

    def wish(self, stream: PipeStream, top: int) -> bool:
        """The best layer that somebody receives now. Whether that is another one."""
        if stream not in self._streams or self._tops.get(stream, BEST) == top:
            return False
        self._tops[stream] = top
        self.number += 1
        return True

    def watch(self, stream: PipeStream, audience: Audience) -> bool:
        """Those who are to see it now. Whether that has to be said at once: another codec suits all of them.
        How many they are is said with the next word, which comes every second."""
        if stream not in self._streams:
            return False
        before = self._audiences.get(stream, NOBODY)
        self._audiences[stream] = audience
        if before.common == audience.common:
            return False
        self.number += 1
        return True

    def set(self, session: str, router: str | None, sources: Iterable[Source], now: float) -> bool:
        """Of this session, which is in `router` (None: no longer there), somebody listens to `sources`."""
        changed = False
        if self._router.get(session) != router:
            for stream in [stream for stream in self._streams if stream.session == session]:
                self._let_go(stream)
                changed = True
            if router is None:
                self._router.pop(session, None)
            else:
                self._router[session] = router
        if router is not None:
            listened = {PipeStream(router, session, source) for source in sources}
            for stream in [s for s in self._streams if s.session == session and s not in listened]:
                if self._streams[stream] is None:
                    self._streams[stream] = now + LINGER_SECONDS
            for stream in listened:
                changed |= stream not in self._streams
                self._streams[stream] = None
            if not listened and not any(stream.session == session for stream in self._streams):
                self._router.pop(session, None)
        self.number += changed
        return changed

    def expire(self, now: float) -> bool:
        """Let go of what nobody has listened to for a while."""
        over = [stream for stream, until in self._streams.items() if until is not None and until <= now]
        for stream in over:
            self._let_go(stream)
            if not any(other.session == stream.session for other in self._streams):
                self._router.pop(stream.session, None)
        self.number += bool(over)
        return bool(over)

    def _let_go(self, stream: PipeStream) -> None:
        del self._streams[stream]
        self._tops.pop(stream, None)
        self._audiences.pop(stream, None)
