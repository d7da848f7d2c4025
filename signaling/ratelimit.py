"""Token buckets: how often something may happen. Pure, with `now` (seconds) as a parameter."""

from __future__ import annotations

from collections import OrderedDict


class TokenBucket:
    """`rate` tokens a second, at most `burst` saved up. Starts full."""

    __slots__ = ("_burst", "_last", "_rate", "_tokens")

    def __init__(self, rate: float, burst: float) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = burst
        self._last: float | None = None

    def take(self, now: float, n: float = 1.0) -> bool:
        """Take `n` tokens; False (and nothing taken) when there are too few."""
        tokens, last = self._tokens, self._last
        if last is not None and now > last:
            tokens += (now - last) * self._rate
            if tokens > self._burst:
                tokens = self._burst
        self._last = now
        if tokens < n:
            self._tokens = tokens
            return False
        self._tokens = tokens - n
        return True

    def wait(self, now: float, n: float = 1.0) -> float:
        """Seconds until `n` tokens are there (0 when they are)."""
        tokens = self._tokens
        if self._last is not None and now > self._last:
            tokens = min(self._burst, tokens + (now - self._last) * self._rate)
        return max(0.0, (n - tokens) / self._rate)


class KeyedBuckets:
    """A bucket per key (address, username …), at most `max_keys` of them.

    When there are more, the key unused for longest is forgotten: it gains a full bucket by that, which
    is why `max_keys` is far above what one host can produce in the time a bucket takes to fill.
    """

    def __init__(self, rate: float, burst: float, max_keys: int = 10_000) -> None:
        self._rate = rate
        self._burst = burst
        self._max_keys = max_keys
        self._buckets: OrderedDict[str, TokenBucket] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, key: str, now: float, n: float = 1.0) -> bool:
        """Take `n` tokens from the bucket of `key`."""
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = TokenBucket(self._rate, self._burst)
            if len(self._buckets) > self._max_keys:
                self._buckets.popitem(last=False)
        else:
            self._buckets.move_to_end(key)
        return bucket.take(now, n)

    def wait(self, key: str, now: float) -> float:
        """Seconds until `key` may again."""
        bucket = self._buckets.get(key)
        return 0.0 if bucket is None else bucket.wait(now)
