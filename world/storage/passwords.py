"""Passwords: hashed with argon2id in a thread, so many at a time and no more.

A hash takes some 20 ms of a core and 19 MiB on purpose. The event loop must not wait for it, and a
flood of logins must not take every core and all memory: two threads work, a bounded number waits,
the others are told that we are busy.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

THREADS = 2
MAX_WAITING = 64
# OWASP Password Storage Cheat Sheet: argon2id, m = 19 MiB, t = 2, p = 1.
MEMORY_KIB, PASSES, LANES = 19 * 1024, 2, 1

T = TypeVar("T")


class Busy(Exception):
    """Too many hashes are being made at once."""


class Passwords:
    """Makes and checks hashes. One an application; close it."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES)
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="argon2")
        self._running = 0
        self._unknown: str | None = None

    async def hash(self, password: str) -> str:
        """The argon2id hash of `password`, in PHC string form. Raises Busy."""
        return await self._run(lambda: self._hasher.hash(password))

    async def verify(self, password_hash: str | None, password: str) -> bool:
        """Whether `password` is the one. Without a hash (no such user) False, after the same time.

        Raises Busy.
        """
        return await self._run(lambda: self._verify(password_hash, password))

    def outdated(self, password_hash: str) -> bool:
        """Whether the hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(password_hash)

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _verify(self, password_hash: str | None, password: str) -> bool:
        if self._unknown is None:
            self._unknown = self._hasher.hash("nobody's password")
        try:
            self._hasher.verify(password_hash or self._unknown, password)
        except (VerificationError, InvalidHashError):
            return False
        return password_hash is not None

    async def _run(self, work: Callable[[], T]) -> T:
        if self._running >= THREADS + MAX_WAITING:
            raise Busy
        self._running += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._running -= 1
