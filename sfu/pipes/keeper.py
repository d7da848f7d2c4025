"""What pipes have to say to other workers, said over the Bus: one task per worker, again until it is heard.

A worker that is out of reach, or that has begun anew and knows nothing of the pipe, is asked again after a
pause. What is wanted is said once a second in any case, so that either side learns of the other's end.
"""

from __future__ import annotations

import asyncio
import logging

import msgspec

from sfu.forward.contract import TableFull
from sfu.pipes.pipes import Pipes
from sfu.routing.producer import NAMES
from signaling.bus import Bus
from signaling.codec import decode_reply, encode_control
from signaling.control import (
    Command,
    Failed,
    PipeAudience,
    PipeOffers,
    PipeOpened,
    PipeWants,
    Reply,
    worker_topic,
)

REFRESH_SECONDS = 1.0
RETRY_SECONDS = 0.25
ASK_SECONDS = 2.0

log = logging.getLogger("atrium.sfu.pipe")


class PipeKeeper:
    """Speaks for `pipes`. `stir` when it has something to say."""

    def __init__(self, pipes: Pipes, bus: Bus) -> None:
        self._pipes = pipes
        self._bus = bus
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._wake: dict[str, asyncio.Event] = {}
        self._complained: set[str] = set()

    def stir(self) -> None:
        """Say what has changed since the last call."""
        pipes = self._pipes
        dirty, pipes.dirty = pipes.dirty, set()
        changed, pipes.changed = pipes.changed, set()
        for worker in dirty:
            wake = self._wake.setdefault(worker, asyncio.Event())
            wake.set()
            if worker not in self._tasks:
                self._tasks[worker] = asyncio.get_running_loop().create_task(self._run(worker, wake))
        for worker in changed:
            offers = pipes.offers_to(worker)
            if offers is not None:
                self._background(worker, offers)

    async def close(self) -> None:
        """Stop."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._tasks.clear()

    def _background(self, worker: str, offers: PipeOffers) -> None:
        async def tell() -> None:
            try:
                await self._bus.publish(worker_topic(worker), encode_control(offers))
            except (OSError, TimeoutError) as error:
                log.warning("worker %s is not told what it is sent: %s", worker, error)
            finally:
                self._tasks.pop(key, None)

        key = f"offers {worker} {offers.number}"
        self._tasks[key] = asyncio.get_running_loop().create_task(tell())

    async def _run(self, worker: str, wake: asyncio.Event) -> None:
        """As long as anything is wanted of this worker."""
        try:
            while True:
                wake.clear()
                wants = self._pipes.wants.get(worker)
                if wants is None or not (wants.streams or self._imports(worker)):
                    await self._say_wants(worker)
                    return
                if not await self._say_wants(worker):
                    await asyncio.sleep(RETRY_SECONDS)
                    continue
                try:
                    async with asyncio.timeout(REFRESH_SECONDS):
                        await wake.wait()
                except TimeoutError:
                    continue
        except asyncio.CancelledError:
            raise
        except Exception:
            log.exception("the pipe to worker %s failed", worker)
        finally:
            self._tasks.pop(worker, None)
            self._wake.pop(worker, None)
            if wake.is_set():
                self._pipes.dirty.add(worker)

    def _imports(self, worker: str) -> bool:
        end = self._pipes.ends.get(worker)
        return end is not None and bool(end.imports)

    async def _say_wants(self, worker: str) -> bool:
        """Open the pipe where need be, and say what we want. False: it was not heard."""
        pipes = self._pipes
        wants = pipes.wants.get(worker)
        if worker not in pipes.ends:
            if wants is None or not wants.streams:
                return True
            opened = await self._ask(worker, pipes.proposal(worker))
            if not isinstance(opened, PipeOpened):
                return False
            try:
                pipes.opened(opened)
            except (TableFull, ValueError) as error:
                self._complain(worker, str(error))
                return False
        end = pipes.ends.get(worker)
        if end is None or wants is None:
            return end is None
        audiences = tuple(
            PipeAudience(one.listeners, {NAMES[codec]: count for codec, count in one.decoding.items()})
            for one in wants.audiences
        )
        said = PipeWants(pipes.name, end.own.incarnation, wants.number, wants.streams, wants.tops, audiences)
        offers = await self._ask(worker, said)
        if isinstance(offers, PipeOffers):
            self._complained.discard(worker)
            pipes.take_offers(offers)
            return True
        if isinstance(offers, Failed) and offers.code == "unknown_pipe" and pipes.ends.get(worker) is end:
            pipes.drop(worker)
        return False

    async def _ask(self, worker: str, command: Command) -> Reply | None:
        try:
            answer = await self._bus.request(worker_topic(worker), encode_control(command), ASK_SECONDS)
            reply = decode_reply(answer)
        except (LookupError, OSError, TimeoutError, msgspec.DecodeError) as error:
            self._complain(worker, str(error) or type(error).__name__)
            return None
        if isinstance(reply, Failed) and reply.code != "unknown_pipe":
            self._complain(worker, reply.message)
        return reply

    def _complain(self, worker: str, why: str) -> None:
        if worker not in self._complained:
            self._complained.add(worker)
            log.warning("no pipe to worker %s yet: %s", worker, why)
