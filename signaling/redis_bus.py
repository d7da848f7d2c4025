"""The Bus between processes, on Redis publish/subscribe.

One writer sends everything in the order it was given, pipelined; one reader receives. While Redis is
away, what is sent waits in a bounded outbox and goes out, in order, when it returns: commands are
declarative, so a late one is as good as a punctual one, and a lost revocation would be a leak.

A payload on the wire is a msgpack array `[request id, reply channel, payload, error]`; all but the
payload are empty for a publish. A responder also subscribes to a marker channel, whose number of
subscribers tells a caller at once that nobody would answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections import deque

import msgspec
import redis.asyncio as redis
from redis.exceptions import RedisError

from signaling.bus import Handler, Responder, Unsubscribe, answer_request, call_handler

PREFIX = "atrium:bus:"
MARKER = "atrium:responder:"
# What may wait for Redis to return; beyond it the oldest is dropped and counted.
MAX_OUTBOX = 50_000
MAX_PIPELINE = 256
# Requests that a responder has taken and not begun; further ones are left to time out.
MAX_WAITING = 4096
RETRY_SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0)

log = logging.getLogger("atrium.bus")


class _Envelope(msgspec.Struct, array_like=True):
    id: int
    reply_to: str
    payload: bytes
    error: str = ""


_decoder = msgspec.msgpack.Decoder(_Envelope)
_encode = msgspec.msgpack.Encoder().encode


class RedisBus:
    """The Bus on the Redis at `url`. Connects lazily; `settled` waits until it is connected."""

    def __init__(self, url: str) -> None:
        self._client = redis.Redis.from_url(url, socket_connect_timeout=2.0, socket_keepalive=True)
        self._pubsub = self._client.pubsub(ignore_subscribe_messages=False)
        self._inbox = f"reply.{secrets.token_hex(8)}"
        self._handlers: dict[str, list[Handler]] = {}
        self._responders: dict[str, _Queue] = {}
        self._wanted: set[str] = {PREFIX + self._inbox}
        self._acknowledged: set[str] = set()
        self._changed = asyncio.Condition()
        self._outbox: deque[tuple[str, bytes, int]] = deque()
        self._wake = asyncio.Event()
        self._flushing = asyncio.Lock()
        self._waiting: dict[int, asyncio.Future[bytes]] = {}
        self._next_id = 1
        self._tasks: list[asyncio.Task[None]] = []
        self._closed = False
        self.dropped = 0
        self.connected = False

    # --- the contract ----------------------------------------------------------------------------

    async def publish(self, topic: str, payload: bytes) -> None:
        self._send(topic, _Envelope(0, "", payload))

    def subscribe(self, topic: str, handler: Handler) -> Unsubscribe:
        self._handlers.setdefault(topic, []).append(handler)
        self._want(PREFIX + topic)

        def unsubscribe() -> None:
            handlers = self._handlers.get(topic, [])
            if handler in handlers:
                handlers.remove(handler)
            if not handlers:
                self._handlers.pop(topic, None)
                self._release(topic)

        return unsubscribe

    async def request(self, topic: str, payload: bytes, timeout: float = 10.0) -> bytes:
        identity = self._next_id
        self._next_id += 1
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._waiting[identity] = answer
        try:
            self._send(topic, _Envelope(identity, self._inbox, payload), asks=identity)
            async with asyncio.timeout(timeout):
                return await answer
        finally:
            self._waiting.pop(identity, None)

    def respond(self, topic: str, handler: Responder) -> Unsubscribe:
        if topic in self._responders:
            raise ValueError(f"{topic} has a responder already")
        queue = self._responders[topic] = _Queue(self, topic, handler)
        self._want(PREFIX + topic)
        self._want(MARKER + topic)

        def stop() -> None:
            if self._responders.get(topic) is queue:
                del self._responders[topic]
                self._release(topic)
            queue.stop()

        return stop

    async def settled(self) -> None:
        self._start()
        async with self._changed:
            await self._changed.wait_for(lambda: self._wanted <= self._acknowledged)

    async def close(self) -> None:
        self._closed = True
        for queue in list(self._responders.values()):
            queue.stop()
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(TimeoutError("the bus was closed"))
        if self.connected:
            # What is on its way is out then, too.
            with contextlib.suppress(RedisError, OSError, TimeoutError):
                async with asyncio.timeout(1.0):
                    await self._flush()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with contextlib.suppress(RedisError, OSError):
            await self._pubsub.aclose()  # type: ignore[no-untyped-call]
        await self._client.aclose()

    # --- sending ---------------------------------------------------------------------------------

    def _send(self, topic: str, envelope: _Envelope, asks: int = 0) -> None:
        if len(self._outbox) >= MAX_OUTBOX:
            self._outbox.popleft()
            self.dropped += 1
        self._outbox.append((topic, _encode(envelope), asks))
        self._start()
        self._wake.set()

    async def _write(self) -> None:
        failures = 0
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                # Our own inbox must be in force before a request can be answered.
                await self.settled()
                await self._flush()
                failures = 0
            except (RedisError, OSError) as error:
                if failures == 0:
                    log.warning("the bus waits for Redis: %s", error)
                await asyncio.sleep(RETRY_SECONDS[min(failures, len(RETRY_SECONDS) - 1)])
                failures += 1
                self._wake.set()

    async def _flush(self) -> None:
        """Send what waits, one batch at a time; a batch that failed waits again, in its place."""
        async with self._flushing:
            while self._outbox:
                size = min(len(self._outbox), MAX_PIPELINE)
                batch = [self._outbox.popleft() for _ in range(size)]
                pipeline = self._client.pipeline(transaction=False)
                for topic, data, identity in batch:
                    if identity:
                        pipeline.execute_command("PUBSUB", "NUMSUB", MARKER + topic)
                    pipeline.publish(PREFIX + topic, data)
                try:
                    results = iter(await pipeline.execute())
                except (RedisError, OSError):
                    self._outbox.extendleft(reversed(batch))
                    raise
                for topic, _, identity in batch:
                    if identity and next(results)[1] == 0:
                        answer = self._waiting.get(identity)
                        if answer is not None and not answer.done():
                            answer.set_exception(LookupError(f"nobody answers on {topic}"))
                    next(results)

    # --- receiving -------------------------------------------------------------------------------

    def _start(self) -> None:
        if not self._tasks and not self._closed:
            loop = asyncio.get_running_loop()
            self._tasks = [loop.create_task(self._read()), loop.create_task(self._write())]

    def _want(self, channel: str) -> None:
        self._wanted.add(channel)
        self._start()
        if self.connected:
            self._background(self._pubsub.subscribe(channel))

    def _release(self, topic: str) -> None:
        gone = {MARKER + topic} if topic not in self._responders else set()
        if topic not in self._responders and topic not in self._handlers:
            gone.add(PREFIX + topic)
        gone &= self._wanted
        self._wanted -= gone
        if gone and self.connected and not self._closed:
            self._background(self._pubsub.unsubscribe(*gone))

    def _background(self, work: object) -> None:
        async def run() -> None:
            with contextlib.suppress(RedisError, OSError):  # the reader reconnects and subscribes anew
                await work  # type: ignore[misc]

        task = asyncio.get_running_loop().create_task(run())
        self._tasks.append(task)
        task.add_done_callback(lambda done: self._tasks.remove(done) if done in self._tasks else None)

    async def _read(self) -> None:
        failures = 0
        while True:
            try:
                await self._pubsub.subscribe(*self._wanted)
                self.connected = True
                failures = 0
                while True:
                    message = await self._pubsub.get_message(timeout=None)
                    if message is not None:
                        await self._take(message)
            except (RedisError, OSError) as error:
                if failures == 0:
                    log.warning("the bus lost Redis: %s", error)
            self.connected = False
            self._acknowledged.clear()
            await asyncio.sleep(RETRY_SECONDS[min(failures, len(RETRY_SECONDS) - 1)])
            failures += 1
            with contextlib.suppress(RedisError, OSError):
                await self._pubsub.aclose()  # type: ignore[no-untyped-call]
            self._pubsub = self._client.pubsub(ignore_subscribe_messages=False)

    async def _take(self, message: dict[str, object]) -> None:
        channel = bytes(message["channel"]).decode()  # type: ignore[call-overload]
        kind = message["type"]
        if kind in ("subscribe", "unsubscribe"):
            async with self._changed:
                if kind == "subscribe":
                    self._acknowledged.add(channel)
                else:
                    self._acknowledged.discard(channel)
                self._changed.notify_all()
            return
        if kind != "message" or not channel.startswith(PREFIX):
            return
        topic = channel[len(PREFIX) :]
        try:
            envelope = _decoder.decode(message["data"])  # type: ignore[arg-type]
        except msgspec.DecodeError:
            log.warning("a message on %s that is not ours was ignored", topic)
            return
        if topic == self._inbox:
            answer = self._waiting.get(envelope.id)
            if answer is None or answer.done():
                return
            if envelope.error:
                answer.set_exception(LookupError(envelope.error))
            else:
                answer.set_result(envelope.payload)
            return
        queue = self._responders.get(topic)
        if queue is not None and (envelope.id or queue.busy):
            queue.put(envelope)
        elif not envelope.id:
            self._deliver(topic, envelope.payload)

    def _deliver(self, topic: str, payload: bytes) -> None:
        for handler in list(self._handlers.get(topic, ())):
            call_handler(handler, topic, payload)


class _Queue:
    """One responder: its requests one at a time, and the publishes that came between them."""

    def __init__(self, bus: RedisBus, topic: str, handler: Responder) -> None:
        self._bus = bus
        self._topic = topic
        self._handler = handler
        self._waiting: deque[_Envelope] = deque()
        self._task: asyncio.Task[None] | None = None

    @property
    def busy(self) -> bool:
        return self._task is not None

    def put(self, envelope: _Envelope) -> None:
        if len(self._waiting) >= MAX_WAITING:
            return
        self._waiting.append(envelope)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._work())

    async def _work(self) -> None:
        try:
            while self._waiting:
                envelope = self._waiting.popleft()
                if not envelope.id:
                    self._bus._deliver(self._topic, envelope.payload)
                    continue
                answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
                await answer_request(self._handler, self._topic, envelope.payload, answer)
                failure = answer.exception()
                reply = (
                    _Envelope(envelope.id, "", answer.result())
                    if failure is None
                    else _Envelope(envelope.id, "", b"", str(failure) or "the responder failed")
                )
                self._bus._send(envelope.reply_to, reply)
        finally:
            self._task = None

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
        self._waiting.clear()
