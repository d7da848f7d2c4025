"""Who takes part in the RTCP of one forwarder: publishers with their sources, and the slots of listeners."""

from __future__ import annotations

from dataclasses import dataclass, field

from sfu.routing.producer import Producer
from sfu.routing.slot import Slot
from sfu.rtcp.policy import KeyframeRequests, PictureBudget, PublisherClock, SampledAt
from sfu.rtcp.transport import RtcpTransport
from sfu.rtp.nack import NackTracker
from sfu.rtp.stats import ReceptionReport
from signaling.ratelimit import TokenBucket


@dataclass(slots=True, eq=False)
class Publisher:
    """One publish connection."""

    transport: RtcpTransport
    clock: PublisherClock = field(default_factory=PublisherClock)
    sources: dict[int, Source] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Group:
    """What the layers of one source have in common: keyframes come on all of them at once, and one clock
    samples them. `instant` is the NTP time that their timestamps are compared at."""

    keyframes: KeyframeRequests = field(default_factory=KeyframeRequests)
    asked: set[int] = field(default_factory=set)  # producers that the next request is for
    members: int = 0
    instant: int | None = None


@dataclass(slots=True, eq=False)
class Source:
    """One producer."""

    producer: Producer
    publisher: Publisher
    group: Group
    nacks: NackTracker = field(default_factory=NackTracker)
    sampled: SampledAt | None = None
    reception: ReceptionReport | None = None


@dataclass(slots=True, eq=False)
class Sink:
    """One slot."""

    slot: Slot
    transport: RtcpTransport
    budget: TokenBucket
    pictures: PictureBudget
    source: int = 0
    reported_at: float | None = None  # for the source that it has
