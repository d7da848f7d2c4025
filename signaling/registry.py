"""Which media workers there are: what each said of itself last, for whoever asks.

Heartbeats on the Bus tell those who listen already; the registry tells those who have just come, a new
world node or an operator's command, the same at once. A worker that has not said anything for
`WORKER_STALE_SECONDS` is not in the answer, and long after it is forgotten altogether.

`InProcessRegistry` serves one process, `RedisRegistry` all of them, on Redis's clock alone. Both pass one
contract suite. Methods raise ConnectionError when Redis is out of reach.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Protocol, cast

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from signaling.control import WORKER_STALE_SECONDS, Heartbeat

REGISTRY_KEY = "atrium:workers"
# Workers that are kept in mind; one more is not taken.
MAX_WORKERS = 1024
# What is older than this is wiped out (seconds).
FORGET_SECONDS = 60.0
# Seconds. A registry that answers later is out of reach.
CONNECT_TIMEOUT = 0.5
ANSWER_TIMEOUT = 0.8

# Value: Redis's ms since 1970, a blank, the heartbeat as JSON.
ANNOUNCE = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 and redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[3]) then
  for _, name in ipairs(redis.call('HKEYS', KEYS[1])) do
    local at = tonumber(string.match(redis.call('HGET', KEYS[1], name), '^%d+') or '0')
    if now - at > tonumber(ARGV[4]) then redis.call('HDEL', KEYS[1], name) end
  end
  if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[3]) then return 0 end
end
redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f', now) .. ' ' .. ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 1
"""
READ = """
local time = redis.call('TIME')
local all = redis.call('HGETALL', KEYS[1])
table.insert(all, 1, string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000)))
return all
"""

_decode = msgspec.json.Decoder(Heartbeat).decode
_encode = msgspec.json.Encoder().encode


class Registry(Protocol):
    """The contract of both forms."""

    async def announce(self, beat: Heartbeat) -> None:
        """The worker lives, and stands so."""

    async def withdraw(self, worker: str) -> None:
        """The worker ends by its own will."""

    async def workers(self) -> list[Heartbeat]:
        """What every live worker said last, by name."""

    async def close(self) -> None:
        """Release connections."""


class InProcessRegistry:
    """The registry of one process. `clock`: monotonic seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[str, tuple[float, Heartbeat]] = {}

    async def announce(self, beat: Heartbeat) -> None:
        now = self._clock()
        if beat.worker not in self._known and len(self._known) >= MAX_WORKERS:
            self._known = {n: k for n, k in self._known.items() if now - k[0] <= FORGET_SECONDS}
            if len(self._known) >= MAX_WORKERS:
                return
        self._known[beat.worker] = now, beat

    async def withdraw(self, worker: str) -> None:
        self._known.pop(worker, None)

    async def workers(self) -> list[Heartbeat]:
        oldest = self._clock() - WORKER_STALE_SECONDS
        return [beat for _, (at, beat) in sorted(self._known.items()) if at >= oldest]

    async def close(self) -> None:
        self._known.clear()


class RedisRegistry:
    """The registry that all processes share."""

    def __init__(self, url: str) -> None:
        self._redis: Redis = Redis.from_url(
            url, socket_connect_timeout=CONNECT_TIMEOUT, socket_timeout=ANSWER_TIMEOUT
        )

    async def announce(self, beat: Heartbeat) -> None:
        limits = str(MAX_WORKERS), str(int(FORGET_SECONDS * 1000))
        await self._run(ANNOUNCE, beat.worker, _encode(beat).decode(), *limits)

    async def withdraw(self, worker: str) -> None:
        try:
            await cast("Awaitable[object]", self._redis.hdel(REGISTRY_KEY, worker))
        except (RedisError, OSError, TimeoutError) as error:
            raise ConnectionError(f"Redis is out of reach: {error}") from error

    async def workers(self) -> list[Heartbeat]:
        answer = cast("list[bytes]", await self._run(READ))
        oldest = int(answer[0]) - WORKER_STALE_SECONDS * 1000
        beats = []
        for value in answer[2::2]:
            at, _, beat = value.partition(b" ")
            if int(at) >= oldest:
                try:
                    beats.append(_decode(beat))
                except msgspec.DecodeError:
                    continue  # of another release, and not to be understood
        return sorted(beats, key=lambda beat: beat.worker)

    async def _run(self, script: str, *arguments: str) -> object:
        try:
            return await cast("Awaitable[object]", self._redis.eval(script, 1, REGISTRY_KEY, *arguments))
        except (RedisError, OSError, TimeoutError) as error:
            raise ConnectionError(f"Redis is out of reach: {error}") from error

    async def close(self) -> None:
        await self._redis.aclose()
