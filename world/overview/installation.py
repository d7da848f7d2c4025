"""The whole installation as whoever runs it sees it: nodes, workers, servers, people, and how good it is.

Nodes are asked over the Bus for their reports and workers for their quality; rates are differences
between two looks. Looking costs something everywhere, so everybody who looks at one time shares one look,
and nothing is asked while nobody looks.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from signaling import codec, reports
from signaling.bus import Bus
from signaling.control import (
    Done,
    Drain,
    GetQuality,
    Heartbeat,
    Quality,
    SessionQuality,
    worker_topic,
)
from signaling.reports import AskReport, NodeReport
from world.api.admin_shapes import (
    NodeView,
    OverviewView,
    PersonSeenView,
    ServerSeenView,
    TotalsView,
    WorkerView,
)
from world.overview.verdicts import Flow, flow, mean_loss, median_round_trip, per_second, verdict
from world.overview.workers_seen import WorkersSeen

FRESH_SECONDS = 1.0
# Nodes that were there last time are waited for so long, and whoever has newly come a moment (seconds).
REPORT_SECONDS = 0.8
NEWCOMER_SECONDS = 0.15
QUALITY_SECONDS = 1.5
DRAIN_ANSWER_SECONDS = 5.0
MAX_NODES = 256
# Below so many packets a second what a process does besides would be counted as their cost.
BUSY_PACKETS = 500

log = logging.getLogger("atrium.world")


@dataclass(slots=True)
class _Look:
    """What one look has brought, for the next one's rates."""

    at: float
    quality: dict[str, Quality]
    sessions: dict[str, SessionQuality]


class Overview:
    """Looks for whoever asks. `clock`: monotonic seconds."""

    def __init__(self, bus: Bus, workers: WorkersSeen, clock: Callable[[], float] = time.monotonic) -> None:
        self._bus = bus
        self._workers = workers
        self._clock = clock
        self._nodes: set[str] = set()
        self._lock = asyncio.Lock()
        self._last: _Look | None = None
        self._view: OverviewView | None = None

    async def look(self) -> OverviewView:
        """Everything, at most FRESH_SECONDS old."""
        async with self._lock:
            if self._view is None or self._last is None or self._clock() - self._last.at >= FRESH_SECONDS:
                self._view = await self._look()
            return self._view

    async def drain(self, worker: str, command: Drain) -> None:
        """Ask a live worker to move its people away, or take it back; look again at once afterwards.

        Raises LookupError when there is none of this name, TimeoutError when it does not answer.
        """
        if worker not in self._workers.alive():
            raise LookupError(worker)
        log.info("worker %s: drain asked for by an administrator, cancel=%s", worker, command.cancel)
        reply = codec.decode_reply(
            await self._bus.request(worker_topic(worker), codec.encode_control(command), DRAIN_ANSWER_SECONDS)
        )
        if not isinstance(reply, Done):
            raise LookupError(worker)
        self._view = None

    async def _look(self) -> OverviewView:
        beats = self._workers.alive()
        nodes, answers = await asyncio.gather(
            self._ask_nodes(), asyncio.gather(*(self._ask_worker(name) for name in beats))
        )
        quality = {answer.worker: answer for answer in answers if answer is not None}
        sessions = {one.session: one for answer in quality.values() for one in answer.sessions}
        now = self._clock()
        before, self._last = self._last, _Look(now, quality, sessions)
        seconds = now - before.at if before is not None else 0.0
        known = before.sessions if before is not None else {}
        flows = {name: flow(known.get(name), one, seconds) for name, one in sessions.items()}
        workers = [
            _worker(
                beat, quality.get(name), before.quality.get(name) if before is not None else None, seconds
            )
            for name, beat in beats.items()
        ]
        servers = [
            ServerSeenView(
                id=space.server_id,
                name=space.name,
                node=_called(node),
                people=space.people,
                present=[_person(person, sessions, flows) for person in space.present],
            )
            for node in nodes
            for space in node.spaces
            if space.present  # an empty one is kept for a while, for those who come back
        ]
        return OverviewView(
            at=time.time(),
            totals=TotalsView(
                people=sum(server.people for server in servers),
                servers=len(servers),
                sessions=sum(worker.sessions for worker in workers),
                packets_out=sum(worker.packets_out for worker in workers),
                kbit_out=sum(worker.kbit_out for worker in workers),
            ),
            nodes=[
                NodeView(
                    *(_called(node), node.version, node.clients, len(node.spaces)),
                    sum(space.people for space in node.spaces),
                    *(node.cpu, node.lag),
                )
                for node in nodes
            ],
            workers=workers,
            servers=sorted(servers, key=lambda server: (-server.people, server.name, server.id)),
        )

    async def _ask_nodes(self) -> list[NodeReport]:
        topic = f"reports.{secrets.token_hex(8)}"
        heard: dict[str, NodeReport] = {}
        news = asyncio.Event()

        def take(payload: bytes) -> None:
            try:
                report = reports.decode(payload)
            except msgspec.DecodeError:
                return
            if isinstance(report, NodeReport) and len(heard) < MAX_NODES:
                heard[report.node] = report
                news.set()

        unsubscribe = self._bus.subscribe(topic, take)
        try:
            async with asyncio.timeout(REPORT_SECONDS):
                await self._bus.settled()
                await self._bus.publish(reports.REPORTS_TOPIC, reports.encode(AskReport(topic)))
                while not heard or self._nodes - heard.keys():
                    news.clear()
                    await news.wait()
                await asyncio.sleep(NEWCOMER_SECONDS)
        except TimeoutError:
            log.debug("only %d of %d nodes reported in time", len(heard), len(self._nodes))
        except OSError as error:
            log.warning("nodes cannot be asked: %s", error)
        finally:
            unsubscribe()
        self._nodes = set(heard)
        return sorted(heard.values(), key=_called)

    async def _ask_worker(self, name: str) -> Quality | None:
        try:
            answer = await self._bus.request(
                worker_topic(name), codec.encode_control(GetQuality()), QUALITY_SECONDS
            )
            reply = codec.decode_reply(answer)
        except (LookupError, OSError, TimeoutError, msgspec.DecodeError) as error:
            log.debug("worker %s does not say how it is: %s", name, error)
            return None
        return reply if isinstance(reply, Quality) else None


def _called(node: NodeReport) -> str:
    """Where it runs; a node of an earlier release says its number only."""
    return node.place or node.node


def _worker(beat: Heartbeat, now: Quality | None, before: Quality | None, seconds: float) -> WorkerView:
    view = WorkerView(
        name=beat.worker,
        plane=beat.plane,
        load=beat.load,
        sessions=beat.sessions,
        draining=beat.draining,
        answers=now is not None,
        version=beat.version,
        region=beat.region,
    )
    if now is None:
        return view
    packets_in = packets_out = kbit = 0.0
    if before is not None:
        packets_in = per_second(before.received, now.received, seconds)
        packets_out = per_second(before.sent, now.sent, seconds)
        kbit = per_second(before.sent_bytes, now.sent_bytes, seconds) * 8 / 1000
    return msgspec.structs.replace(
        view,
        cpu=now.cpu,
        lag=now.lag,
        packets_in=packets_in,
        packets_out=packets_out,
        kbit_out=kbit,
        packet_microseconds=now.cpu * 1e6 / packets_out if packets_out >= BUSY_PACKETS else -1.0,
        loss=mean_loss(now),
        round_trip=median_round_trip(now),
    )


def _person(
    person: reports.PersonReport, sessions: dict[str, SessionQuality], flows: dict[str, Flow]
) -> PersonSeenView:
    session = sessions.get(person.session)
    flowing = flows.get(person.session, Flow(0.0, 0.0, 0.0))
    return PersonSeenView(
        user_id=person.user_id,
        name=person.name,
        presence=person.presence,
        zone=person.zone,
        worker=person.worker,
        on=list(person.on),
        quality=verdict(session, flowing),
        up_kbit=flowing.up_kbit,
        down_kbit=flowing.down_kbit,
        up_loss=flowing.up_loss,
        loss=session.loss if session is not None else -1.0,
        round_trip=session.round_trip if session is not None else -1.0,
    )
