"""What world nodes tell of themselves when somebody who runs the place asks.

`AskReport` is published on REPORTS_TOPIC; every node answers with a `NodeReport` on the topic that the
question names. Nothing is sent while nobody asks.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec
from msgspec import Struct

from signaling.messages import Presence

REPORTS_TOPIC = "reports"
# A report is for looking at: of a fuller place the counts are right and the list ends here.
MAX_PEOPLE = 2000


class AskReport(Struct, tag="ask_report", frozen=True):
    """Answer on the topic `reply`."""

    reply: str


class PersonReport(Struct, frozen=True):
    """Somebody who is there. `session` is their media, `worker` what carries it, both empty without media.

    `zone` is the name of the zone that they are in, empty outside all; `on` are the sources that are on.
    """

    user_id: str
    name: str
    presence: Presence
    zone: str
    session: str
    worker: str
    on: tuple[str, ...]


class SpaceReport(Struct, frozen=True):
    """A space that the node owns. `people` are counted without devices, `present` lists both."""

    server_id: str
    name: str
    people: int
    present: tuple[PersonReport, ...]


class NodeReport(Struct, tag="node_report", frozen=True):
    """One world node. `clients` are its sockets, `cpu` cores used lately, `lag` seconds by which its last
    timer was late, `place` where it runs (host:port)."""

    node: str
    version: str
    clients: int
    cpu: float
    lag: float
    spaces: tuple[SpaceReport, ...]
    place: str = ""


Report: TypeAlias = AskReport | NodeReport

_encoder = msgspec.json.Encoder()
_report: msgspec.json.Decoder[Report] = msgspec.json.Decoder(Report)


def encode(report: Report) -> bytes:
    """The wire form."""
    return _encoder.encode(report)


def decode(data: bytes) -> Report:
    """The question or report in `data`. Raises msgspec.DecodeError."""
    return _report.decode(data)
