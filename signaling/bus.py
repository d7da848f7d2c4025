"""The Bus: how the world and its workers reach each other, and its in-process form.

Topics are plain strings. `publish` reaches every subscriber of the topic, at most once; `request`
reaches the one responder of the topic and brings its answer. Requests and publishes that one caller
sends to one topic are handled in the order sent: a worker that answers `OfferSlots` has seen the
`AcceptPublish` before it.

`signaling.redis_bus` is the same between processes. Both pass one contract suite.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Protocol

Handler = Callable[[bytes], None]
Responder = Callable[[bytes], Awaitable[bytes]]
Unsubscribe = Callable[[], None]

# Requests that wait for one responder. A worker that answers nothing for so long is beyond help.
MAX_WAITING = 4096

log = logging.getLogger("atrium.bus")


class Bus(Protocol):
    """The contract of both forms."""

    async def publish(self, topic: str, payload: bytes) -> None:
        """Send to every subscriber. Never raises for want of one."""

    def subscribe(self, topic: str, handler: Handler) -> Unsubscribe:
        """Call `handler` with each payload, in order, on the event loop. It must not block."""

    async def request(self, topic: str, payload: bytes, timeout: float = 10.0) -> bytes:
        """The responder's answer.

        Raises:
            LookupError: nobody responds on this topic.
            TimeoutError: no answer within `timeout` seconds.
        """

    def respond(self, topic: str, handler: Responder) -> Unsubscribe:
        """Answer requests on the topic, one at a time, in order. One responder a topic."""

    async def settled(self) -> None:
        """Wait until the subscriptions and responders made so far are in force."""

    async def close(self) -> None:
        """End everything. Open requests fail with TimeoutError."""


class InProcessBus:
    """The Bus of one process: queues instead of a network."""

    def __init__(self) -> None:
        self._handlers: dict[str, list[Handler]] = {}
        self._responders: dict[str, _Responding] = {}

    async def publish(self, topic: str, payload: bytes) -> None:
        responding = self._responders.get(topic)
        if responding is not None and topic in self._handlers:
            # Order between requests and publishes on one topic: both go through the responder's queue.
            responding.put((payload, None))
            return
        self._deliver(topic, payload)

    def _deliver(self, topic: str, payload: bytes) -> None:
        for handler in list(self._handlers.get(topic, ())):
            call_handler(handler, topic, payload)

    def subscribe(self, topic: str, handler: Handler) -> Unsubscribe:
        self._handlers.setdefault(topic, []).append(handler)

        def unsubscribe() -> None:
            handlers = self._handlers.get(topic, [])
            if handler in handlers:
                handlers.remove(handler)
            if not handlers:
                self._handlers.pop(topic, None)

        return unsubscribe

    async def request(self, topic: str, payload: bytes, timeout: float = 10.0) -> bytes:
        responding = self._responders.get(topic)
        if responding is None:
            raise LookupError(f"nobody answers on {topic}")
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        responding.put((payload, answer))
        async with asyncio.timeout(timeout):
            return await answer

    def respond(self, topic: str, handler: Responder) -> Unsubscribe:
        if topic in self._responders:
            raise ValueError(f"{topic} has a responder already")
        responding = _Responding(topic, handler, self._deliver)
        self._responders[topic] = responding

        def stop() -> None:
            if self._responders.get(topic) is responding:
                del self._responders[topic]
            responding.stop()

        return stop

    async def settled(self) -> None:
        return

    async def close(self) -> None:
        for responding in list(self._responders.values()):
            responding.stop()
        self._responders.clear()
        self._handlers.clear()


Item = tuple[bytes, "asyncio.Future[bytes] | None"]


class _Responding:
    """One responder's queue: requests and publishes of its topic in the order sent."""

    def __init__(self, topic: str, handler: Responder, deliver: Callable[[str, bytes], None]) -> None:
        self._topic = topic
        self._handler = handler
        self._deliver = deliver
        self._queue: deque[Item] = deque()
        self._task: asyncio.Task[None] | None = None

    def put(self, item: Item) -> None:
        if len(self._queue) >= MAX_WAITING:
            if item[1] is not None:
                item[1].set_exception(TimeoutError(f"{self._topic} is overloaded"))
            return
        self._queue.append(item)
        # A publish with nothing before it is handled at once: no task, no turn of the loop.
        if self._task is None:
            self._drain_publishes()
            if self._queue:
                self._task = asyncio.get_running_loop().create_task(self._work())

    def _drain_publishes(self) -> None:
        while self._queue and self._queue[0][1] is None:
            self._deliver(self._topic, self._queue.popleft()[0])

    async def _work(self) -> None:
        try:
            while self._queue:
                self._drain_publishes()
                if not self._queue:
                    break
                payload, answer = self._queue.popleft()
                assert answer is not None
                await answer_request(self._handler, self._topic, payload, answer)
        finally:
            self._task = None

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
        while self._queue:
            answer = self._queue.popleft()[1]
            if answer is not None and not answer.done():
                answer.set_exception(TimeoutError(f"{self._topic} has stopped"))


def call_handler(handler: Handler, topic: str, payload: bytes) -> None:
    """Run a subscriber; what it raises is logged and hurts nobody else."""
    try:
        handler(payload)
    except Exception:
        log.exception("a subscriber of %s failed", topic)


async def answer_request(
    handler: Responder, topic: str, payload: bytes, answer: asyncio.Future[bytes]
) -> None:
    """Run a responder for one request; what it raises reaches the caller as LookupError."""
    try:
        result = await handler(payload)
    except asyncio.CancelledError:
        if not answer.done():
            answer.set_exception(TimeoutError(f"{topic} has stopped"))
        raise
    except Exception as error:
        log.exception("the responder of %s failed", topic)
        if not answer.done():
            answer.set_exception(LookupError(f"{topic} failed: {error}"))
    else:
        if not answer.done():
            answer.set_result(result)
