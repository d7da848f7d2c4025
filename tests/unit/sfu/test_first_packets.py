"""How long listeners wait for the first packet of a source that is routed to them."""

from __future__ import annotations

from sfu.routing.first_packets import GIVE_UP_SECONDS, FirstPackets


def test_the_time_from_the_route_to_the_first_packet_is_told_once() -> None:
    awaited = FirstPackets()
    awaited.routed(1, True, 10.0)
    awaited.routed(2, True, 10.5)
    assert awaited.arrived(lambda slot: False, 11.0) == []
    assert awaited.arrived(lambda slot: slot == 1, 12.0) == [(1, 2.0)]
    assert awaited.arrived(lambda slot: True, 13.0) == [(2, 2.5)]
    assert awaited.arrived(lambda slot: True, 14.0) == []


def test_a_slot_that_lost_its_source_or_got_another_one_waits_anew() -> None:
    awaited = FirstPackets()
    awaited.routed(1, True, 0.0)
    awaited.routed(1, False, 1.0)
    assert awaited.arrived(lambda slot: True, 2.0) == []
    awaited.routed(1, True, 3.0)
    awaited.routed(1, True, 4.0)
    assert awaited.arrived(lambda slot: True, 5.0) == [(1, 1.0)]


def test_silence_is_given_up() -> None:
    awaited = FirstPackets()
    awaited.routed(1, True, 0.0)
    assert awaited.arrived(lambda slot: False, GIVE_UP_SECONDS + 0.1) == []
    assert awaited.arrived(lambda slot: True, GIVE_UP_SECONDS + 0.2) == []
