"""How many people a machine carries, out of what packets cost there. Pure.

CPU follows µs = out + in / N for a packet that goes to N listeners: sending costs each time, receiving and
unprotecting once. What people send and receive are two pictures, `TALKING` and `WATCHING`: real crowds lie
between them.
"""

from __future__ import annotations

from dataclasses import dataclass

# The share of a core, of the network and of memory that is planned with: above it queues grow.
CPU_SHARE = 0.8
NETWORK_SHARE = 0.7
MEMORY_SHARE = 0.6
# A process before anybody comes, and what a session costs besides its slots: DTLS, SDP, Python objects.
PROCESS_BYTES = 150e6
SESSION_BYTES = 250e3

# Opus at 20 ms a packet and some 40 kbit/s; VP8 at 640 × 360 and some 600 kbit/s. Headers of RTP with
# extensions, SRTP, UDP and IP come on top.
AUDIO_PACKETS, AUDIO_BYTES = 50.0, 100.0
VIDEO_PACKETS, VIDEO_BYTES = 70.0, 1070.0
OVERHEAD_BYTES = 20.0 + 16.0 + 8.0 + 20.0


@dataclass(frozen=True, slots=True)
class Costs:
    """CPU µs: of a packet sent to a listener, and of one received, by kind. `lost`: the worst share that did
    not arrive while measuring."""

    audio_out: float
    audio_in: float
    video_out: float
    video_in: float
    lost: float = 0.0


@dataclass(frozen=True, slots=True)
class Machine:
    """`workers` forwarders, each on a core of its own; network in bit/s each way."""

    workers: int
    network: float
    memory: float
    costs: Costs
    slot_bytes: float


@dataclass(frozen=True, slots=True)
class Crowd:
    """What one person does: streams sent (`*_in`, of a fraction of a stream where few send for many) and
    received."""

    name: str
    audio_in: float
    video_in: float
    audio_out: float
    video_out: float


# Everybody talks and shows themselves, six in hearing distance of each other.
TALKING = Crowd("talking, six together, cameras on", 1, 1, 5, 5)
# A stage: two of a hundred speak, the others watch and listen.
WATCHING = Crowd("watching, two of a hundred on stage", 0.02, 0.02, 2, 2)


@dataclass(frozen=True, slots=True)
class Plan:
    """People by what would be used up first, if the other two were endless; `limit` names the least."""

    crowd: Crowd
    cpu: int
    network: int
    memory: int
    people: int
    limit: str
    # What is used of the whole (0..1) with `people`.
    cpu_used: float
    network_used: float
    memory_used: float
    packets: float  # sent a second


def cpu_microseconds(crowd: Crowd, costs: Costs) -> float:
    """CPU time for one person and second."""
    return AUDIO_PACKETS * (crowd.audio_in * costs.audio_in + crowd.audio_out * costs.audio_out) + (
        VIDEO_PACKETS * (crowd.video_in * costs.video_in + crowd.video_out * costs.video_out)
    )


def bits(crowd: Crowd) -> tuple[float, float]:
    """bit/s for one person: (to us, from us)."""
    audio = AUDIO_PACKETS * (AUDIO_BYTES + OVERHEAD_BYTES) * 8
    video = VIDEO_PACKETS * (VIDEO_BYTES + OVERHEAD_BYTES) * 8
    return (
        crowd.audio_in * audio + crowd.video_in * video,
        crowd.audio_out * audio + crowd.video_out * video,
    )


def plan(machine: Machine, crowd: Crowd) -> Plan:
    """How many such people the machine carries."""
    cpu = cpu_microseconds(crowd, machine.costs) / 1e6
    flow = max(bits(crowd))
    # The pool of slots is negotiated whole, whoever feeds it.
    memory = SESSION_BYTES + 24 * machine.slot_bytes
    free = max(0.0, machine.memory * MEMORY_SHARE - PROCESS_BYTES * machine.workers)
    limits = {
        "CPU": int(machine.workers * CPU_SHARE / cpu),
        "network": int(machine.network * NETWORK_SHARE / flow),
        "memory": int(free / memory),
    }
    limit = min(limits, key=lambda name: limits[name])
    people = limits[limit]
    return Plan(
        crowd=crowd,
        cpu=limits["CPU"],
        network=limits["network"],
        memory=limits["memory"],
        people=people,
        limit=limit,
        cpu_used=people * cpu / machine.workers,
        network_used=people * flow / machine.network,
        memory_used=(people * memory + PROCESS_BYTES * machine.workers) / machine.memory,
        packets=people * (AUDIO_PACKETS * crowd.audio_out + VIDEO_PACKETS * crowd.video_out),
    )


def solve(few: float, listeners_few: int, many: float, listeners_many: int) -> tuple[float, float]:
    """(out, in) of µs = out + in / N, from the µs for each packet sent with few and with many listeners.

    Noise may turn the second negative: it is 0 then, and the first is what was measured.
    """
    received = (few - many) / (1 / listeners_few - 1 / listeners_many)
    if received <= 0:
        return many, 0.0
    return max(many - received / listeners_many, many / 2), received
