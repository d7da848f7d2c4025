"""The position store on Redis: one pipeline a batch, and short time limits.

Any trouble with Redis comes out as ConnectionError, which is what `state.PositionStore` promises.
"""

from __future__ import annotations

from collections.abc import Awaitable, Iterable, Mapping
from typing import Any, TypeVar, cast

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from world.state import Position

# Seconds. Ticks do not wait for these; they bound how long a batch is in doubt.
CONNECT_TIMEOUT = 1.0
ANSWER_TIMEOUT = 1.0

T = TypeVar("T")
_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Position)


def positions_key(server_id: str) -> str:
    """The hash of one server's positions."""
    return f"server:{server_id}:positions"


class RedisPositions:
    """The store that other processes can read."""

    def __init__(self, url: str) -> None:
        self._redis: Redis = Redis.from_url(
            url, socket_connect_timeout=CONNECT_TIMEOUT, socket_timeout=ANSWER_TIMEOUT
        )

    async def write_batch(
        self, server_id: str, changed: Mapping[str, Position], removed: Iterable[str]
    ) -> None:
        pipeline = self._redis.pipeline(transaction=True)
        self._put(pipeline, server_id, changed)
        gone = list(removed)
        if gone:
            pipeline.hdel(positions_key(server_id), *gone)
        await _reached(pipeline.execute())

    async def rewrite(self, server_id: str, everybody: Mapping[str, Position]) -> None:
        pipeline = self._redis.pipeline(transaction=True)
        pipeline.delete(positions_key(server_id))
        self._put(pipeline, server_id, everybody)
        await _reached(pipeline.execute())

    async def read(self, server_id: str) -> dict[str, Position]:
        answer = cast("Awaitable[dict[bytes, bytes]]", self._redis.hgetall(positions_key(server_id)))
        positions = {}
        for field, value in (await _reached(answer)).items():
            try:
                positions[field.decode()] = _decoder.decode(value)
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue
        return positions

    async def close(self) -> None:
        await self._redis.aclose()

    @staticmethod
    def _put(pipeline: Any, server_id: str, positions: Mapping[str, Position]) -> None:
        if positions:
            mapping = {user_id: _encoder.encode(position) for user_id, position in positions.items()}
            pipeline.hset(positions_key(server_id), mapping=mapping)


async def _reached(answer: Awaitable[T]) -> T:
    try:
        return await answer
    except (RedisError, OSError, TimeoutError) as error:
        raise ConnectionError(f"Redis is out of reach: {error}") from error
