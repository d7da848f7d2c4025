"""Which codec a publisher is to send: the first of its list that everybody who is to see it can decode. Pure.

Somebody who cannot decode it is heeded at once, where that takes the picture from nobody. Whatever is only
better (back to the preferred codec; more people who see, where no codec suits all) waits for a quiet time, so
that people who come and go do not cost everybody a keyframe each.

A publisher may not do what it is asked: its browser cannot change, or an encoder fails. What was asked for in
vain is not asked for again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sfu.forward.contract import Codec
from signaling.ratelimit import TokenBucket

# Nothing has spoken against the better codec for so long (seconds).
QUIET_SECONDS = 10.0
# Between two changes, whoever comes.
LEAST_SECONDS = 1.0
# So many are heeded at once, then one in a quiet time: somebody who says another codec each time that they
# connect must not keep everybody waiting for keyframes.
HEEDED = 3
# A publisher that sends has so long to do what it is asked.
OBEY_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Audience:
    """Those who are to see a video: how many, and how many of them can decode each codec."""

    listeners: int = 0
    decoding: Mapping[Codec, int] = field(default_factory=dict)

    def plus(self, other: Audience) -> Audience:
        """Both together."""
        return Audience(self.listeners + other.listeners, Counter(self.decoding) + Counter(other.decoding))

    @property
    def common(self) -> frozenset[Codec] | None:
        """What all of them can decode; None where there is nobody."""
        return frozenset(filter(self.suits, self.decoding)) if self.listeners else None

    def suits(self, codec: Codec) -> bool:
        """Whether everybody can decode it."""
        return self.decoding.get(codec, 0) == self.listeners


class CodecChoice:
    """One source, which may send `accepted`, the preferred codec first. `told` is what it was asked for."""

    __slots__ = (
        "_accepted",
        "_best",
        "_changed_at",
        "_heeds",
        "_refused",
        "_since",
        "_unheeded_since",
        "told",
    )

    def __init__(self, accepted: Sequence[Codec]) -> None:
        self._accepted = tuple(accepted)
        self.told = self._best = accepted[0]  # it begins with that
        self._since = 0.0  # there is a better one than `told`
        self._changed_at = float("-inf")
        self._heeds = TokenBucket(1 / QUIET_SECONDS, HEEDED)
        self._unheeded_since: float | None = None
        self._refused: set[Codec] = set()

    @property
    def preferred(self) -> bool:
        """Whether it is asked for what it would send without being asked."""
        return self.told == self._accepted[0]

    def look(self, audience: Audience, sent: Codec, sends: bool, now: float) -> bool:
        """Who is to see it now, and what it sends (`sends`: packets come). Returns whether to tell it."""
        self._learn(sent, sends, now)
        best = self._pick(audience)
        if best != self._best:
            self._best, self._since = best, now
        if best == self.told:
            return False
        if now - self._changed_at < LEAST_SECONDS:
            return False
        # What it was asked for is not to be had; or more people see it, and none fewer.
        due = self.told in self._refused or now - self._since >= QUIET_SECONDS
        heed = audience.suits(best) and not audience.suits(self.told)
        if not due and not (heed and self._heeds.take(now)):
            return False
        self.told, self._changed_at = best, now
        self._unheeded_since = None if sent == best else now
        return True

    @property
    def waiting(self) -> bool:
        """Whether time alone will change something."""
        return self._best != self.told or self._unheeded_since is not None

    def _learn(self, sent: Codec, sends: bool, now: float) -> None:
        if sends:
            self._refused.discard(sent)
        if sent == self.told:
            self._unheeded_since = None
        elif not sends or self._unheeded_since is None:
            self._unheeded_since = now
        elif now - self._unheeded_since >= OBEY_SECONDS:
            self._refused.add(self.told)

    def _pick(self, audience: Audience) -> Codec:
        """The codec that most decode, of equal ones the first."""
        possible = [codec for codec in self._accepted if codec not in self._refused] or self._accepted
        return max(possible, key=lambda codec: audience.decoding.get(codec, 0))
