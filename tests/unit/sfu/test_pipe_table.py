"""What a pipe carries: its slots, and what is wanted through it."""

from __future__ import annotations

from sfu.pipe_table import LINGER_SECONDS, REST_SECONDS, SlotPool, Wants
from signaling.control import PipeStream
from signaling.messages import Source


def stream(session: str, source: Source = "mic", router: str = "hall") -> PipeStream:
    return PipeStream(router, session, source)


def test_a_slot_that_was_given_back_rests_before_somebody_else_gets_it() -> None:
    pool = SlotPool(size=2)
    pool.want([stream("ann")], 0.0)
    place = pool.place(stream("ann"))
    back, _ = pool.want([stream("bob")], 1.0)
    assert back == [place]
    assert pool.place(stream("bob")) != place
    pool.want([], 1.0)
    pool.want([stream("cleo")], 1.0 + REST_SECONDS - 0.1)
    assert pool.place(stream("cleo")) is None
    pool.want([stream("cleo")], 1.0 + REST_SECONDS)
    assert pool.place(stream("cleo")) == place


def test_a_slot_keeps_its_kind_and_its_stream() -> None:
    pool = SlotPool()
    _, taken = pool.want([stream("ann"), stream("ann", "camera")], 0.0)
    assert [place.kind for _, place in taken] == ["audio", "video"]
    again = pool.want([stream("ann", "camera"), stream("ann"), stream("bob")], 1.0)
    assert again[0] == []
    assert [s for s, _ in again[1]] == [stream("bob")]
    pool.want([], 2.0)
    _, taken = pool.want([stream("dan", "screen")], 2.0 + REST_SECONDS)
    assert taken[0][1].kind == "video"


def test_more_streams_than_slots_leave_the_last_ones_out() -> None:
    pool = SlotPool(size=3)
    _, taken = pool.want([stream(f"s{i}") for i in range(5)], 0.0)
    assert len(taken) == len(pool) == 3
    assert pool.place(stream("s4")) is None


def test_what_nobody_listens_to_is_fetched_for_a_moment_more() -> None:
    wants = Wants()
    assert wants.set("ann", "hall", {"mic", "camera"}, 0.0)
    assert not wants.set("ann", "hall", {"mic"}, 1.0)
    assert stream("ann", "camera") in wants
    assert not wants.set("ann", "hall", {"mic", "camera"}, 2.0)  # back in time
    assert not wants.expire(1.0 + LINGER_SECONDS)
    wants.set("ann", "hall", (), 10.0)
    assert not wants.expire(10.0 + LINGER_SECONDS - 0.1)
    before = wants.number
    assert wants.expire(10.0 + LINGER_SECONDS)
    assert (wants.streams, wants.number > before) == ((), True)


def test_who_moves_to_another_router_is_let_go_at_once() -> None:
    wants = Wants()
    wants.set("ann", "hall", {"mic"}, 0.0)
    wants.set("ann", "hall", (), 0.5)  # lingering
    assert wants.set("ann", "room", (), 1.0)
    assert list(wants.streams) == []
    assert wants.set("ann", "room", {"mic"}, 1.0)
    assert list(wants.streams) == [stream("ann", router="room")]
    assert wants.set("ann", None, (), 2.0)
    assert list(wants.streams) == []
