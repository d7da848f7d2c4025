"""What the admin API answers: the installation at one moment.

Rates are per second since the last look (0 at the first one), `kbit` is kbit/s, loss 0..1, times seconds;
-1 stands where nothing is known yet.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from signaling.control import DRAIN_SECONDS
from signaling.messages import Presence
from world.api.shapes import Body, View
from world.overview.verdicts import Verdict


class TotalsView(View, frozen=True):
    """Sums over everything below."""

    people: int
    servers: int
    sessions: int
    packets_out: float
    kbit_out: float


class NodeView(View, frozen=True):
    """A world node: its sockets, the spaces that it owns and the people in them, its cores and its lag."""

    name: str
    version: str
    clients: int
    spaces: int
    people: int
    cpu: float
    lag: float


class WorkerView(View, frozen=True):
    """A media worker. `load` is 0..1 of what it takes, `cpu` cores, `packet_microseconds` CPU time of its
    process for each packet that it sent. `answers` false: it lives but does not say how it is."""

    name: str
    plane: str
    load: float
    sessions: int
    draining: bool
    answers: bool
    version: str = ""
    region: str = ""
    cpu: float = 0.0
    lag: float = 0.0
    packets_in: float = 0.0
    packets_out: float = 0.0
    kbit_out: float = 0.0
    packet_microseconds: float = -1.0
    loss: float = -1.0
    round_trip: float = -1.0


class PersonSeenView(View, frozen=True):
    """Somebody who is there, on which worker, and how good it is. `on` are the sources that are on,
    `up_loss` what was lost on the way to us, `loss` on the way to them."""

    user_id: str
    name: str
    presence: Presence
    zone: str
    worker: str
    on: list[str]
    quality: Verdict
    up_kbit: float
    down_kbit: float
    up_loss: float
    loss: float
    round_trip: float


class ServerSeenView(View, frozen=True):
    """A server where somebody is. `people` are counted without devices; of very many `present` lists some."""

    id: str
    name: str
    node: str
    people: int
    present: list[PersonSeenView]


class OverviewView(View, frozen=True):
    """Everything at `at` (seconds since 1970)."""

    at: float
    totals: TotalsView
    nodes: list[NodeView]
    workers: list[WorkerView]
    servers: list[ServerSeenView]


class DrainWorker(Body, frozen=True):
    """Move everybody off a worker within `deadline` seconds, or stop doing so."""

    deadline: Annotated[float, Meta(ge=0, le=24 * 3600)] = DRAIN_SECONDS
    cancel: bool = False
