"""Placements on Redis: `server:{server_id}:workers`, value `{epoch} {version} {worker} {worker} …`.

The rule is `world.media.placement.swap`, in Lua because comparing and setting must be one step. A server's
placement is forgotten a while after it was last written: by then nobody is there.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import cast

from redis.asyncio import Redis
from redis.exceptions import RedisError

from world.media.placement import Placed

# Seconds.
CONNECT_TIMEOUT = 0.5
ANSWER_TIMEOUT = 0.8
KEEP_SECONDS = 24 * 3600

SWAP = """
local held = redis.call('GET', KEYS[1])
local version = 0
if held then
  local epoch, number = string.match(held, '^(%d+) (%d+)')
  version = tonumber(number)
  if tonumber(epoch) > tonumber(ARGV[2]) then return held end
end
if version ~= tonumber(ARGV[1]) then return held end
held = ARGV[2] .. ' ' .. string.format('%.0f', version + 1) .. ARGV[3]
redis.call('SET', KEYS[1], held, 'EX', ARGV[4])
return held
"""


def placement_key(server_id: str) -> str:
    """Where the placement of one server is."""
    return f"server:{server_id}:workers"


class RedisPlacements:
    """The store that all world nodes share."""

    def __init__(self, url: str) -> None:
        self._redis: Redis = Redis.from_url(
            url, socket_connect_timeout=CONNECT_TIMEOUT, socket_timeout=ANSWER_TIMEOUT
        )

    async def read(self, server_id: str) -> Placed | None:
        try:
            return _placed(await cast("Awaitable[bytes | None]", self._redis.get(placement_key(server_id))))
        except (RedisError, OSError, TimeoutError) as error:
            raise ConnectionError(f"Redis is out of reach: {error}") from error

    async def swap(self, server_id: str, before: int, workers: tuple[str, ...], epoch: int) -> Placed | None:
        names = "".join(f" {worker}" for worker in workers)
        arguments = str(before), str(epoch), names, str(KEEP_SECONDS)
        try:
            answer = self._redis.eval(SWAP, 1, placement_key(server_id), *arguments)
            return _placed(await cast("Awaitable[bytes | None]", answer))
        except (RedisError, OSError, TimeoutError) as error:
            raise ConnectionError(f"Redis is out of reach: {error}") from error

    async def close(self) -> None:
        await self._redis.aclose()


def _placed(answer: bytes | None) -> Placed | None:
    if not answer:
        return None
    epoch, version, *workers = answer.decode().split(" ")
    return Placed(tuple(workers), int(epoch), int(version))
