"""Transport-wide congestion control feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1).

A receiver tells when each transport-wide number arrived. Times are ticks of 250 µs; the reference time
counts 64 ms = 256 ticks, 24 bit signed. Only numbers that arrived are listed, so a packet that claims
65,535 losses costs nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from struct import Struct, unpack_from

from sfu.rtp.errors import PacketError

TRANSPORT_CC_FORMAT = 15
TICKS_PER_SECOND = 4000
TICKS_PER_REFERENCE = 256

# Symbols and runs that are read of one feedback: as many packets as are remembered of what was sent. Each
# costs a step, and a datagram has room for ten thousand.
MAX_STEPS = 2048

_LOST, _SMALL, _LARGE = 0, 1, 2
_MAX_RUN = 0x1FFF
_ALL_SMALL = 0xD555  # a vector of seven
_HEAD = Struct("!HHI")


@dataclass(frozen=True, slots=True)
class TransportFeedback:
    """Feedback on `count` numbers from `base` on (16 bit, wrapping).

    `arrivals` holds (number, ticks) of those that arrived, in the order of the numbers; ticks count
    from an epoch of the receiver's, modulo 2**32. `feedback_count` is the feedback's own number (8 bit).
    """

    sender_ssrc: int
    media_ssrc: int
    base: int
    count: int
    feedback_count: int
    arrivals: tuple[tuple[int, int], ...]

    def lost(self) -> list[int]:
        """The numbers that had not arrived (16 bit)."""
        arrived = {number for number, _ in self.arrivals}
        return [n & 0xFFFF for n in range(self.base, self.base + self.count) if n & 0xFFFF not in arrived]


def parse_feedback(sender_ssrc: int, media_ssrc: int, body: bytes) -> TransportFeedback:
    """Read what follows the two SSRCs. Raises `PacketError`."""
    if len(body) < _HEAD.size:
        raise PacketError(f"transport feedback needs {_HEAD.size} bytes, got {len(body)}")
    base, count, field = _HEAD.unpack_from(body)
    symbols = _Runs(body, _HEAD.size, count)
    at = symbols.end
    arrivals: list[tuple[int, int]] = []
    number = base
    ticks = (field >> 8) * TICKS_PER_REFERENCE
    wraps = False
    for symbol, length in symbols.runs:
        if symbol in (_SMALL, _LARGE):
            end = at + symbol * length
            if end > len(body):
                raise PacketError("transport feedback ends before its arrival times")
            # Nearly all are small: whole runs are read at once.
            deltas = body[at:end] if symbol == _SMALL else unpack_from(f"!{length}h", body, at)
            at = end
            times = list(accumulate(deltas, initial=ticks))
            ticks = times[-1]
            wraps = wraps or ticks >= 1 << 32
            if symbol == _LARGE:  # these go back as well
                wraps = wraps or min(times) < 0 or max(times) >= 1 << 32
            arrivals += zip(range(number, number + length), times[1:], strict=True)
        number += length
    if wraps or number > 1 << 16:
        arrivals = [(number & 0xFFFF, ticks & 0xFFFFFFFF) for number, ticks in arrivals]
    return TransportFeedback(sender_ssrc, media_ssrc, base, count, field & 0xFF, tuple(arrivals))


class _Runs:
    """What became of `count` packets, as (symbol, how many in a row); the chunks are read up to `end`."""

    __slots__ = ("_steps", "end", "runs")

    def __init__(self, body: bytes, at: int, count: int) -> None:
        self.runs: list[tuple[int, int]] = []
        self._steps = described = 0
        while described < count:
            if at + 2 > len(body):
                raise PacketError(f"transport feedback describes {described} of {count} packets")
            chunk = body[at] << 8 | body[at + 1]
            at += 2
            left = count - described
            if not chunk & 0x8000:
                length = chunk & _MAX_RUN
                if not length:
                    raise PacketError("transport feedback with an empty run")
                self._add(chunk >> 13, min(length, left))
                described += length
            elif chunk & 0x4000:
                if chunk == _ALL_SMALL:
                    self._add(_SMALL, min(7, left))
                else:
                    for shift in range(12, 12 - 2 * min(7, left), -2):
                        self._add(chunk >> shift & 3, 1)
                described += 7
            else:
                for shift in range(13, 13 - min(14, left), -1):
                    self._add(chunk >> shift & 1, 1)
                described += 14
        self.end = at

    def _add(self, symbol: int, length: int) -> None:
        self._steps += 1
        if self._steps > MAX_STEPS:
            raise PacketError(f"transport feedback of more than {MAX_STEPS} steps")
        if self.runs and self.runs[-1][0] == symbol:
            self.runs[-1] = symbol, self.runs[-1][1] + length
        else:
            self.runs.append((symbol, length))


def build_feedback(feedback: TransportFeedback) -> bytes:
    """What follows the two SSRCs, padded to words.

    Raises `PacketError` when two arrivals lie more than 8 s apart (start another feedback there) or a
    number is outside base and count.
    """
    reference = feedback.arrivals[0][1] // TICKS_PER_REFERENCE if feedback.arrivals else 0
    symbols = [_LOST] * feedback.count
    deltas = bytearray()
    ticks = reference * TICKS_PER_REFERENCE
    for number, arrived in feedback.arrivals:
        place = number - feedback.base & 0xFFFF
        if place >= feedback.count:
            raise PacketError(f"number {number} is outside base {feedback.base} and count {feedback.count}")
        delta = (arrived - ticks + 0x80000000 & 0xFFFFFFFF) - 0x80000000
        if not -0x8000 <= delta <= 0x7FFF:
            raise PacketError(f"arrivals {delta / TICKS_PER_SECOND:.1f} s apart do not fit one feedback")
        symbols[place] = _SMALL if 0 <= delta <= 0xFF else _LARGE
        deltas += delta.to_bytes(symbols[place], "big", signed=symbols[place] == _LARGE)
        ticks = arrived
    head = _HEAD.pack(
        feedback.base, feedback.count, (reference & 0xFFFFFF) << 8 | feedback.feedback_count & 0xFF
    )
    body = head + _chunks(symbols) + deltas
    return body + bytes(-len(body) % 4)


def _chunks(symbols: list[int]) -> bytes:
    """Run-length chunks where seven or more are equal, two-bit vectors elsewhere."""
    chunks = bytearray()
    at = 0
    while at < len(symbols):
        run = 1
        while at + run < len(symbols) and run < _MAX_RUN and symbols[at + run] == symbols[at]:
            run += 1
        if run >= 7 or at + run == len(symbols):
            chunk = symbols[at] << 13 | run
        else:
            run = 7
            vector = (symbols[at : at + 7] + [_LOST] * 7)[:7]
            chunk = 0xC000
            for place, symbol in enumerate(vector):
                chunk |= symbol << 12 - 2 * place
        chunks += chunk.to_bytes(2, "big")
        at += run
    return bytes(chunks)
