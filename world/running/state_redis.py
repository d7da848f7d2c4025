"""The position store on Redis: one script a batch, and short time limits.

Any trouble with Redis comes out as ConnectionError, which is what `state.PositionStore` promises.
"""

from __future__ import annotations

from collections.abc import Awaitable, Iterable, Mapping
from typing import cast

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from world.running.state import Fenced, Position

# Seconds. Ticks do not wait for these; they bound how long a batch is in doubt.
CONNECT_TIMEOUT = 1.0
ANSWER_TIMEOUT = 1.0

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Position)


# KEYS: positions, fence. ARGV: our fence or "", 1 to replace everything, how many fields go, those
# fields, then field and value of each that stays. Answers 0 when the fence is outdated.
WRITE = """
if ARGV[1] ~= '' then
  local newest = redis.call('GET', KEYS[2])
  if newest and tonumber(ARGV[1]) < tonumber(newest) then return 0 end
end
if ARGV[2] == '1' then redis.call('DEL', KEYS[1]) end
local gone = tonumber(ARGV[3])
for i = 4, 3 + gone do redis.call('HDEL', KEYS[1], ARGV[i]) end
for i = 4 + gone, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
return 1
"""
READ = """
if ARGV[1] ~= '' then
  local newest = redis.call('GET', KEYS[2])
  if newest and tonumber(ARGV[1]) < tonumber(newest) then return false end
  redis.call('SET', KEYS[2], ARGV[1], 'EX', ARGV[2])
end
return redis.call('HGETALL', KEYS[1])
"""
# As long as leases' epochs are remembered (seconds).
FENCE_SECONDS = 7 * 24 * 3600


def positions_key(server_id: str) -> str:
    """The hash of one server's positions."""
    return f"server:{server_id}:positions"


def fence_key(server_id: str) -> str:
    """The newest owner's epoch that has read them."""
    return f"server:{server_id}:positions_fence"


class RedisPositions:
    """The store that other processes can read."""

    def __init__(self, url: str) -> None:
        self._redis: Redis = Redis.from_url(
            url, socket_connect_timeout=CONNECT_TIMEOUT, socket_timeout=ANSWER_TIMEOUT
        )

    async def write_batch(
        self,
        server_id: str,
        changed: Mapping[str, Position],
        removed: Iterable[str],
        fence: int | None = None,
    ) -> None:
        await self._write(server_id, changed, list(removed), fence, replace=False)

    async def rewrite(
        self, server_id: str, everybody: Mapping[str, Position], fence: int | None = None
    ) -> None:
        await self._write(server_id, everybody, [], fence, replace=True)

    async def read(self, server_id: str, fence: int | None = None) -> dict[str, Position]:
        answer = await self._run(READ, server_id, "" if fence is None else str(fence), str(FENCE_SECONDS))
        if answer is None:
            raise Fenced(f"{server_id} has a newer owner")
        pairs = cast("list[bytes]", answer)
        positions = {}
        for field, value in zip(pairs[::2], pairs[1::2], strict=True):
            try:
                positions[field.decode()] = _decoder.decode(value)
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue
        return positions

    async def close(self) -> None:
        await self._redis.aclose()

    async def _write(
        self,
        server_id: str,
        stay: Mapping[str, Position],
        gone: list[str],
        fence: int | None,
        replace: bool,
    ) -> None:
        parts: list[str | bytes] = ["" if fence is None else str(fence), str(int(replace)), str(len(gone))]
        parts += gone
        for user_id, position in stay.items():
            parts += user_id, _encoder.encode(position)
        if not await self._run(WRITE, server_id, *parts):
            raise Fenced(f"{server_id} has a newer owner")

    async def _run(self, script: str, server_id: str, *parts: str | bytes) -> object:
        keys = positions_key(server_id), fence_key(server_id)
        try:
            return await cast("Awaitable[object]", self._redis.eval(script, 2, *keys, *parts))
        except (RedisError, OSError, TimeoutError) as error:
            raise ConnectionError(f"Redis is out of reach: {error}") from error
