"""A forwarder that forwards nothing: it writes down what it is told. For tests of the control side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sfu.forward.contract import (
    Address,
    PlaneCounters,
    ProducerParams,
    ProducerState,
    SlotParams,
    SlotState,
    SrtpProfile,
)


@dataclass
class FakeForwarder:
    """`plane`-less in all but name. Tests set `producer_states` and `slot_states`."""

    def __post_init__(self) -> None:
        self.sent: list[tuple[Address, bytes]] = []
        self.peers: dict[int, Address | None] = {}
        self.producers: dict[int, ProducerParams] = {}
        self.slots: dict[int, SlotParams] = {}
        self.owners: dict[int, int] = {}  # producer or slot to its peer
        self.routes: dict[int, int] = {}
        self.bound: list[tuple[int, int, bool]] = []
        self.held: list[tuple[int, int | None]] = []  # routes that were to hold
        self.synced: list[tuple[int, int, int]] = []
        self.limits: dict[int, int] = {}
        self.doubling: dict[int, bool] = {}
        self.probed: list[tuple[int, int, int]] = []
        self.resent: list[tuple[int, list[int]]] = []
        self.producer_states: dict[int, ProducerState] = {}
        self.slot_states: dict[int, SlotState] = {}
        self.absent: set[int] = set()
        self.arrived: dict[int, list[tuple[int, float]]] = {}

    @property
    def plane(self) -> Literal["python", "native"]:
        return "python"

    @property
    def thread(self) -> int | None:
        return None

    @property
    def address(self) -> Address:
        return "127.0.0.1", 5000

    def close(self) -> None:
        self.peers.clear()

    def add_peer(self, peer: int) -> None:
        self.peers[peer] = None

    def set_keys(self, peer: int, profile: SrtpProfile, receive: bytes, send: bytes) -> None:
        assert peer in self.peers

    def set_address(self, peer: int, address: Address | None) -> None:
        assert peer in self.peers
        self.peers[peer] = address

    def remove_peer(self, peer: int) -> None:
        self.peers.pop(peer, None)
        for handle in [handle for handle, owner in self.owners.items() if owner == peer]:
            self.remove_producer(handle)
            self.remove_slot(handle)

    def add_producer(self, producer: int, peer: int, params: ProducerParams) -> None:
        assert peer in self.peers
        self.producers[producer] = params
        self.owners[producer] = peer

    def bind_ssrc(self, producer: int, ssrc: int, rtx: bool = False) -> None:
        assert producer in self.producers
        self.bound.append((producer, ssrc, rtx))

    def remove_producer(self, producer: int) -> None:
        self.producers.pop(producer, None)
        self.owners.pop(producer, None)
        self.routes = {slot: fed for slot, fed in self.routes.items() if fed != producer}

    def add_slot(self, slot: int, peer: int, params: SlotParams) -> None:
        assert peer in self.peers
        self.slots[slot] = params
        self.owners[slot] = peer

    def remove_slot(self, slot: int) -> None:
        self.slots.pop(slot, None)
        self.owners.pop(slot, None)
        self.routes.pop(slot, None)

    def sync(self, producer: int, group: int, timestamp: int) -> None:
        self.synced.append((producer, group, timestamp))

    def limit(self, slot: int, temporal: int) -> None:
        assert slot in self.slots
        self.limits[slot] = temporal

    def redundancy(self, slot: int, on: bool) -> None:
        assert slot in self.slots
        self.doubling[slot] = on

    def probe(self, slot: int, packets: int, padding: int) -> int:
        assert slot in self.slots
        self.probed.append((slot, packets, padding))
        return packets

    def route(self, slot: int, producer: int | None, hold: bool = False) -> None:
        assert slot in self.slots
        if hold:
            self.held.append((slot, producer))
        if producer is None:
            self.routes.pop(slot, None)
        else:
            assert producer in self.producers
            self.routes[slot] = producer

    def retransmit(self, slot: int, sequences: list[int]) -> int:
        self.resent.append((slot, sequences))
        return len(sequences)

    def send(self, address: Address, data: bytes) -> None:
        self.sent.append((address, data))

    def missing(self, producer: int, sequences: list[int]) -> list[int]:
        return [number for number in sequences if number in self.absent]

    def transport_sent(self, peer: int, numbers: list[int]) -> list[tuple[float, int]]:
        return [(0.0, 0)] * len(numbers)

    def transport_arrived(self, peer: int) -> list[tuple[int, float]]:
        return self.arrived.pop(peer, [])

    def producer_state(self, producer: int) -> ProducerState:
        return self.producer_states.get(producer, ProducerState(0, 0, 0, 0, 0, 127))

    def slot_state(self, slot: int) -> SlotState:
        return self.slot_states.get(slot, SlotState(0, 0, 0, 0, 0, 0, 0))

    def counters(self) -> PlaneCounters:
        return PlaneCounters(0, 0, 0, {})
