"""Who may say and read what in the chat."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.messages import Bounds
from world.chat.rules import (
    SERVER,
    Channel,
    LineIds,
    Reader,
    Refusal,
    channel_of,
    clean,
    direct_channel,
    first_id_at,
    may_read,
    target,
    zone_channel,
)
from world.records import ZoneRecord


def zone(zone_id: str, private: bool) -> ZoneRecord:
    return ZoneRecord(
        zone_id, "s", zone_id, "PRIVATE" if private else "PUBLIC", Bounds(0, 0, 9, 9), f"m-{zone_id}"
    )


ZONES = {"room": zone("room", True), "hall": zone("hall", False)}
INSIDE = Reader("ann", True, "room")
ELSEWHERE = Reader("bob", True, "hall")
GUEST = Reader("guest-1", False, "room")


def test_a_private_rooms_chat_is_read_by_those_who_are_in_it_and_by_nobody_else() -> None:
    channel = zone_channel("room")
    assert may_read(channel, INSIDE, ZONES)
    assert may_read(channel, GUEST, ZONES)
    assert not may_read(channel, ELSEWHERE, ZONES)
    assert not may_read(channel, Reader("ann", True, None), ZONES)


def test_a_public_zones_chat_is_open_to_members_anywhere_and_to_guests_inside() -> None:
    channel = zone_channel("hall")
    assert may_read(channel, INSIDE, ZONES)
    assert may_read(channel, Reader("guest-2", False, "hall"), ZONES)
    assert not may_read(channel, GUEST, ZONES)


def test_guests_read_nothing_server_wide_and_no_direct_talk() -> None:
    assert may_read(SERVER, ELSEWHERE, ZONES)
    assert not may_read(SERVER, GUEST, ZONES)
    assert not may_read(direct_channel("guest-1", "ann"), GUEST, ZONES)


def test_a_direct_talk_is_the_two_peoples() -> None:
    channel = direct_channel("zoe", "ann")
    assert channel == direct_channel("ann", "zoe")
    assert may_read(channel, INSIDE, ZONES)
    assert not may_read(channel, ELSEWHERE, ZONES)
    assert (channel.told_to("ann"), channel.told_to("zoe")) == ("zoe", "ann")


def test_a_zone_that_is_gone_has_no_readers() -> None:
    assert not may_read(zone_channel("gone"), Reader("ann", True, "gone"), ZONES)


def test_a_line_goes_to_the_zone_where_its_writer_is_unless_another_is_named() -> None:
    assert target("zone", None, INSIDE, ZONES) == zone_channel("room")
    assert target("zone", "hall", INSIDE, ZONES) == zone_channel("hall")
    refusal = target("zone", "room", ELSEWHERE, ZONES)
    assert isinstance(refusal, Refusal)
    assert refusal.code == "not_allowed"
    nowhere = target("zone", None, Reader("ann", True, None), ZONES)
    assert isinstance(nowhere, Refusal)
    assert nowhere.code == "no_zone"


@pytest.mark.parametrize("to", [None, "ann"])
def test_a_direct_line_needs_somebody_else(to: str | None) -> None:
    refusal = target("direct", to, INSIDE, ZONES)
    assert isinstance(refusal, Refusal)
    assert refusal.code == "no_person"


@given(
    st.sampled_from([SERVER, zone_channel("room"), zone_channel("hall"), direct_channel("ann", "bob")]),
    st.sampled_from(["ann", "bob", "guest-1"]),
    st.sampled_from([None, "room", "hall"]),
)
def test_whoever_may_write_may_read_and_nobody_else_may_write(
    channel: Channel, user_id: str, where: str | None
) -> None:
    writer = Reader(user_id, not user_id.startswith("guest"), where)
    to = channel.told_to(user_id)
    found = target(channel.scope, to, writer, ZONES)
    reads = may_read(channel, writer, ZONES)
    in_it = channel.pair is None or user_id in channel.pair
    if in_it:
        assert (found == channel) == reads
    elif isinstance(found, Channel):
        assert found.pair is not None
        assert user_id in found.pair, "a line of mine is in a talk of others"


@given(
    st.one_of(
        st.just(SERVER),
        st.from_regex(r"[0-9A-Za-z-]{1,64}", fullmatch=True).map(zone_channel),
        st.tuples(
            st.from_regex(r"[0-9A-Za-z-]{1,64}", fullmatch=True),
            st.from_regex(r"[0-9A-Za-z-]{1,64}", fullmatch=True),
        )
        .filter(lambda pair: pair[0] != pair[1])
        .map(lambda pair: direct_channel(*pair)),
    )
)
def test_a_channels_stored_form_is_read_back_and_fits_its_column(channel: Channel) -> None:
    assert channel_of(channel.key) == channel
    assert len(channel.key) <= 140


@given(st.text(max_size=40))
def test_anything_else_is_no_channel(key: str) -> None:
    channel = channel_of(key)
    assert channel is None or channel.key == key


@given(st.text(max_size=3000))
def test_a_cleaned_line_is_bounded_and_every_database_takes_it(text: str) -> None:
    line = clean(text)
    assert len(line) <= 2000
    assert "\x00" not in line
    line.encode("utf-8")
    assert clean(line) == line or len(line) == 2000


def test_no_line_reads_as_another_than_it_is() -> None:
    assert clean("run \u202egpj.exe\u202c now \u2066then\u2069") == "run gpj.exe now then"
    assert clean("שלום \u200fעולם") == "שלום \u200fעולם", "marks that Hebrew and Arabic use are kept"


@given(st.lists(st.integers(min_value=0, max_value=2**42), min_size=2, max_size=60))
def test_ids_sort_in_the_order_in_which_lines_were_said_whatever_the_clock_does(times: list[int]) -> None:
    ids, token = LineIds(), "0" * 12
    said = [ids.next(at, token) for at in times]
    assert said == sorted(said)
    assert len(set(said)) == len(said)
    assert all(len(line_id) <= 32 for line_id in said)
    assert said[0] >= first_id_at(times[0])


def test_a_burst_of_more_lines_than_the_counter_has_goes_on_in_order() -> None:
    ids = LineIds()
    said = [ids.next(5, "f" * 12) for _ in range(0x10002)]
    assert said == sorted(said)
    assert len(set(said)) == len(said)
