"""What a pipe carries: which slots its sending side gives out, which streams its receiving side wants. Pure.

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

from sfu.forward.contract import MAX_SLOTS_PER_PEER
from signaling.control import PipeStream
from signaling.messages import KIND_OF_SOURCE, Kind, Source

# A slot that was given back rests so long (seconds): longer than any queue, shorter than patience.
REST_SECONDS = 3.0
# A stream without listeners is fetched for so long (seconds).
LINGER_SECONDS = 4.0


@dataclass(frozen=True, slots=True)
class Place:
    """A slot of the sending side."""

    kind: Kind
    index: int


class SlotPool:
    """The slots of one pipe: which stream each carries, and which rest."""

    def __init__(self, size: int = MAX_SLOTS_PER_PEER) -> None:
        self._size = size
        self._made = 0
        self._taken: dict[PipeStream, Place] = {}
        self._resting: dict[Kind, deque[tuple[float, Place]]] = {"audio": deque(), "video": deque()}

    def __len__(self) -> int:
        return len(self._taken)

    def place(self, stream: PipeStream) -> Place | None:
        """The slot that carries this stream."""
        return self._taken.get(stream)

    @property
    def streams(self) -> dict[PipeStream, Place]:
        """Everything that is carried."""
        return self._taken

    def want(
        self, streams: Iterable[PipeStream], now: float
    ) -> tuple[list[Place], list[tuple[PipeStream, Place]]]:
        """Carry exactly these streams, as far as there are slots: (given back, newly taken)."""
        wanted = dict.fromkeys(streams)
        freed = [stream for stream in self._taken if stream not in wanted]
        back = []
        for stream in freed:
            place = self._taken.pop(stream)
            self._resting[place.kind].append((now + REST_SECONDS, place))
            back.append(place)
        taken = []
        for stream in wanted:
            if stream in self._taken:
                continue
            place_or_none = self._free(KIND_OF_SOURCE[stream.source], now)
            if place_or_none is not None:
                self._taken[stream] = place_or_none
                taken.append((stream, place_or_none))
        return back, taken

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
        self._router: dict[str, str] = {}

    @property
    def streams(self) -> tuple[PipeStream, ...]:
        """The whole picture."""
        return tuple(self._streams)

    def __contains__(self, stream: PipeStream) -> bool:
        return stream in self._streams

    def set(self, session: str, router: str | None, sources: Iterable[Source], now: float) -> bool:
        """Of this session, which is in `router` (None: no longer there), somebody listens to `sources`."""
        changed = False
        if self._router.get(session) != router:
            for stream in [stream for stream in self._streams if stream.session == session]:
                del self._streams[stream]
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
            del self._streams[stream]
            if not any(other.session == stream.session for other in self._streams):
                self._router.pop(stream.session, None)
        self.number += bool(over)
        return bool(over)
