"""What a pipe carries: its slots, and what is wanted through it."""

from __future__ import annotations

from sfu.forward.contract import Codec
from sfu.pipes.table import LINGER_SECONDS, REST_SECONDS, Lane, SlotPool, Wants
from sfu.routing.codec_choice import Audience
from sfu.routing.layers import BEST
from signaling.control import PipeStream
from signaling.messages import Source


def stream(session: str, source: Source = "mic", router: str = "hall") -> PipeStream:
    return PipeStream(router, session, source)


def lane(session: str, source: Source = "mic", layer: int = 0) -> Lane:
    return Lane(stream(session, source), layer)


def test_a_slot_that_was_given_back_rests_before_somebody_else_gets_it() -> None:
    pool = SlotPool(size=2)
    pool.want([lane("ann")], 0.0)
    place = pool.place(lane("ann"))
    back, _ = pool.want([lane("bob")], 1.0)
    assert back == [(lane("ann"), place)]
    assert pool.place(lane("bob")) != place
    pool.want([], 1.0)
    pool.want([lane("cleo")], 1.0 + REST_SECONDS - 0.1)
    assert pool.place(lane("cleo")) is None
    pool.want([lane("cleo")], 1.0 + REST_SECONDS)
    assert pool.place(lane("cleo")) == place


def test_a_slot_keeps_its_kind_and_its_lane() -> None:
    pool = SlotPool()
    _, taken = pool.want([lane("ann"), lane("ann", "camera")], 0.0)
    assert [place.kind for _, place in taken] == ["audio", "video"]
    again = pool.want([lane("ann", "camera"), lane("ann"), lane("bob")], 1.0)
    assert again[0] == []
    assert [one for one, _ in again[1]] == [lane("bob")]
    pool.want([], 2.0)
    _, taken = pool.want([lane("dan", "screen")], 2.0 + REST_SECONDS)
    assert taken[0][1].kind == "video"


def test_more_streams_than_slots_leave_the_last_ones_out() -> None:
    pool = SlotPool(size=3)
    _, taken = pool.want([lane(f"s{i}") for i in range(5)], 0.0)
    assert len(taken) == len(pool) == 3
    assert pool.place(lane("s4")) is None
    assert pool.settled([lane(f"s{i}") for i in range(5)], 0.0), "nothing more can be done"
    assert not pool.settled([lane("s0")], 0.0)


def test_where_slots_are_short_everybodys_lowest_layer_goes_before_anybodys_higher_ones() -> None:
    pool = SlotPool(size=4)
    layers = [lane("ann", "camera", i) for i in range(3)]
    pool.want(layers, 0.0)
    back, _ = pool.want([*layers, *(lane(name, "camera", i) for name in "xy" for i in range(3))], 1.0)
    assert [one for one, _ in back] == [layers[2]]
    assert {one for one in pool.lanes if one.layer == 0} == {layers[0], lane("x", "camera")}
    pool.want([*layers[:2], lane("x", "camera"), lane("y", "camera")], 1.0 + REST_SECONDS)
    assert pool.place(lane("y", "camera")) is not None


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


def test_layers_that_nobody_receives_are_told_and_forgotten_with_their_stream() -> None:
    wants = Wants()
    wants.set("ann", "hall", {"mic", "camera"}, 0.0)
    before = wants.number
    assert wants.wish(stream("ann", "camera"), 0)
    assert wants.number > before
    assert not wants.wish(stream("ann", "camera"), 0)
    assert dict(zip(wants.streams, wants.tops, strict=True)) == {
        stream("ann"): BEST,
        stream("ann", "camera"): 0,
    }
    assert not wants.wish(stream("bob", "camera"), 0)  # of nobody who is fetched
    wants.set("ann", "room", {"camera"}, 1.0)
    assert wants.tops == (BEST,)


def test_who_is_to_see_a_stream_is_told_at_once_where_another_codec_suits_all_of_them() -> None:
    wants = Wants()
    camera = stream("ann", "camera")
    wants.set("ann", "hall", {"camera"}, 0.0)
    two = Audience(2, {Codec.VP8: 2, Codec.H264: 2})
    assert wants.watch(camera, two)
    assert wants.audiences == (two,)
    more = Audience(3, {Codec.VP8: 3, Codec.H264: 3})
    assert not wants.watch(camera, more)  # the next word will do
    assert wants.audiences == (more,)
    before = wants.number
    assert wants.watch(camera, Audience(4, {Codec.VP8: 3, Codec.H264: 4}))
    assert wants.number > before
    assert wants.watch(camera, Audience())
    assert not wants.watch(stream("bob", "camera"), two)  # of nobody who is fetched
