"""Leases on Redis: `server:{server_id}:owner`, value `{epoch} {node}`, which expires by itself.

The rule is `world.nodes.lease.decide`, in Lua because asking and setting must be one step. Redis's clock is
the only one that counts. `server:{server_id}:owner_epoch` remembers the newest epoch between owners.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import cast

from redis.asyncio import Redis
from redis.exceptions import RedisError

from world.nodes.lease import LEASE_SECONDS, Lease, Want

# Seconds. Together well below the life of a lease.
CONNECT_TIMEOUT = 0.5
ANSWER_TIMEOUT = 0.8
# The newest epoch is forgotten after so long without any owner (seconds); the clock has passed it by then.
EPOCH_SECONDS = 7 * 24 * 3600

HOLD = """
local held = redis.call('GET', KEYS[1])
if held then
  if string.match(held, '^%d+ (.*)$') == ARGV[1] then redis.call('PEXPIRE', KEYS[1], ARGV[4]) end
  return held
end
local newest = tonumber(redis.call('GET', KEYS[2]) or '0')
local epoch = tonumber(ARGV[2])
if epoch == 0 or epoch < newest then
  if ARGV[3] == '0' then return false end
  local time = redis.call('TIME')
  epoch = math.max(newest + 1, time[1] * 1000 + math.floor(time[2] / 1000))
end
local number = string.format('%.0f', epoch)
redis.call('SET', KEYS[1], number .. ' ' .. ARGV[1], 'PX', ARGV[4])
redis.call('SET', KEYS[2], number, 'EX', ARGV[5])
return number .. ' ' .. ARGV[1]
"""
RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"


def owner_key(server_id: str) -> str:
    """Where the lease of one server is."""
    return f"server:{server_id}:owner"


def epoch_key(server_id: str) -> str:
    """Where its newest epoch is."""
    return f"server:{server_id}:owner_epoch"


class RedisLeases:
    """The store that all world nodes share."""

    shared = True

    def __init__(self, url: str) -> None:
        self._redis: Redis = Redis.from_url(
            url, socket_connect_timeout=CONNECT_TIMEOUT, socket_timeout=ANSWER_TIMEOUT
        )

    async def hold(self, node: str, wants: dict[str, Want]) -> dict[str, Lease | None]:
        pipeline = self._redis.pipeline(transaction=False)
        for server_id, want in wants.items():
            keys = owner_key(server_id), epoch_key(server_id)
            limits = int(LEASE_SECONDS * 1000), EPOCH_SECONDS
            pipeline.eval(HOLD, 2, *keys, node, str(want.epoch), str(int(want.take)), *map(str, limits))
        pipeline.ping()  # also one who asks for nothing learns whether Redis is there
        try:
            answers = await pipeline.execute()
        except (RedisError, OSError, TimeoutError) as error:
            raise ConnectionError(f"Redis is out of reach: {error}") from error
        return {server_id: _lease(answer) for server_id, answer in zip(wants, answers[:-1], strict=True)}

    async def release(self, node: str, server_id: str, epoch: int) -> None:
        value = f"{epoch} {node}"
        try:
            await cast("Awaitable[object]", self._redis.eval(RELEASE, 1, owner_key(server_id), value))
        except (RedisError, OSError, TimeoutError) as error:
            raise ConnectionError(f"Redis is out of reach: {error}") from error

    async def close(self) -> None:
        await self._redis.aclose()


def _lease(answer: bytes | None) -> Lease | None:
    if not answer:
        return None
    epoch, _, node = answer.decode().partition(" ")
    return Lease(node, int(epoch))
