"""Who gets which layer out of a listener's bits."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sfu.congestion.allocator import (
    AGAIN_SECONDS,
    HOLD_SECONDS,
    PATIENCE_SECONDS,
    PAUSED,
    RESUME_SECONDS,
    SHARE,
    Allocation,
    Allocator,
    Stream,
)

RATES = (150e3, 500e3, 1500e3)
AUDIO = 100e3


def faces(count: int, cap: int = 3) -> list[Stream]:
    return [Stream(slot, (float(slot),), RATES, cap) for slot in range(count)]


def layers(allocation: Allocation) -> list[int]:
    return [allocation.layers[slot] for slot in sorted(allocation.layers)]


def squeezed(
    allocator: Allocator, streams: list[Stream], audio: float, estimate: float, now: float
) -> list[int]:
    """The layers when there has been no more room than this for a while before `now`."""
    allocator.allocate(streams, audio, estimate, now - PATIENCE_SECONDS)
    return layers(allocator.allocate(streams, audio, estimate, now))


def test_where_there_is_room_everybody_is_seen_as_well_as_the_distance_allows() -> None:
    streams = [Stream(0, (0.0,), RATES, 3), Stream(1, (1.0,), RATES, 1), Stream(2, (2.0,), RATES, 0)]
    got = Allocator().allocate(streams, AUDIO, 10e6, 0.0)
    assert layers(got) == [2, 0, PAUSED]
    assert got.paused == frozenset()  # too far away is not paused for want of room
    assert got.goal == got.used == AUDIO + 1500e3 + 150e3


def test_everybody_gets_a_face_before_anybody_gets_a_better_one() -> None:
    got = Allocator().allocate(faces(4), AUDIO, 1.3e6, 0.0)
    assert layers(got) == [1, 0, 0, 0]


def test_the_nearest_are_seen_when_there_is_no_room_for_all() -> None:
    got = Allocator().allocate(faces(10), 10 * 40e3, 1e6, 0.0)
    assert layers(got) == [0, 0, 0] + [PAUSED] * 7
    assert got.paused == frozenset(range(3, 10))
    assert got.used <= 1e6


def test_audio_is_taken_off_before_the_first_picture() -> None:
    got = Allocator().allocate(faces(3), 300e3, 320e3, 0.0)
    assert layers(got) == [PAUSED] * 3
    assert got.used == 300e3


def test_the_first_face_is_shown_even_if_it_hardly_fits() -> None:
    assert layers(Allocator().allocate(faces(2), AUDIO, 250e3, 0.0)) == [0, PAUSED]


def test_without_an_estimate_all_have_all() -> None:
    assert layers(Allocator().allocate(faces(3), AUDIO, None, 0.0)) == [2, 2, 2]


def test_a_better_layer_needs_a_margin_and_a_present_one_does_not() -> None:
    allocator = Allocator()
    exact = (AUDIO + 500e3) / SHARE
    assert layers(allocator.allocate(faces(1), AUDIO, exact, 0.0)) == [0]
    assert layers(allocator.allocate(faces(1), AUDIO, exact * 1.1, 1.0)) == [1]
    assert layers(allocator.allocate(faces(1), AUDIO, exact, 2.0)) == [1]


def test_an_estimate_that_sways_does_not_make_pictures_flap() -> None:
    allocator = Allocator()
    changes, before = 0, None
    for step in range(600):  # a minute
        estimate = 650e3 if step // 10 % 2 else 720e3
        now_on = layers(allocator.allocate(faces(1), AUDIO, estimate, step / 10))
        changes += now_on != before
        before = now_on
    assert changes <= 1 + 2 * 60 / HOLD_SECONDS


def test_nothing_goes_up_for_ten_seconds_after_congestion_took_something() -> None:
    allocator = Allocator()
    assert layers(allocator.allocate(faces(1), AUDIO, 3e6, 0.0)) == [2]
    assert layers(allocator.allocate(faces(1), AUDIO, 700e3, 1.0)) == [1]
    assert layers(allocator.allocate(faces(1), AUDIO, 3e6, 2.0)) == [1]
    assert layers(allocator.allocate(faces(1), AUDIO, 3e6, 10.9)) == [1]
    assert layers(allocator.allocate(faces(1), AUDIO, 3e6, 11.1)) == [2]


def test_the_only_picture_is_back_soon_after_a_stumble_and_late_after_the_next() -> None:
    allocator = Allocator()
    lone = [Stream(0, (0.0,), (340e3,))]
    assert layers(allocator.allocate(lone, 40e3, 1e6, 0.0)) == [0]
    assert squeezed(allocator, lone, 40e3, 150e3, 1.0) == [PAUSED]
    soon = 1.0 + RESUME_SECONDS
    assert layers(allocator.allocate(lone, 40e3, 1e6, soon - 0.1)) == [PAUSED]
    assert layers(allocator.allocate(lone, 40e3, 150e3, soon)) == [PAUSED]  # there has to be room
    assert layers(allocator.allocate(lone, 40e3, 1e6, soon)) == [0]
    assert squeezed(allocator, lone, 40e3, 150e3, 5.0) == [PAUSED]
    assert layers(allocator.allocate(lone, 40e3, 1e6, 5.0 + HOLD_SECONDS - 0.1)) == [PAUSED]
    assert layers(allocator.allocate(lone, 40e3, 1e6, 5.0 + HOLD_SECONDS)) == [0]
    later = 6.0 + AGAIN_SECONDS
    assert squeezed(allocator, lone, 40e3, 150e3, later) == [PAUSED]
    assert layers(allocator.allocate(lone, 40e3, 1e6, later + RESUME_SECONDS)) == [0]


def test_a_decrease_to_less_than_is_sent_takes_no_only_picture_while_all_of_it_arrives() -> None:
    allocator = Allocator()
    lone = [Stream(0, (0.0,), (340e3,))]
    assert layers(allocator.allocate(lone, 40e3, 1e6, 0.0)) == [0]
    assert layers(allocator.allocate(lone, 40e3, 0.85 * 380e3, 1.0)) == [0]
    assert squeezed(allocator, lone, 40e3, 0.85 * 280e3, 2.0) == [PAUSED]


def test_the_only_picture_is_kept_by_what_it_takes_and_not_by_what_is_planned_for_it() -> None:
    allocator = Allocator()
    still = [Stream(0, (0.0,), (270e3,), least=130e3)]  # sends little now, and may send more at any time
    assert layers(allocator.allocate(still, 40e3, 1e6, 0.0)) == [0]
    assert layers(allocator.allocate(still, 40e3, 0.85 * 170e3, 1.0)) == [0]
    assert squeezed(allocator, still, 40e3, 0.85 * 130e3, 2.0) == [PAUSED]
    # It comes back when there is room for what is planned.
    assert layers(allocator.allocate(still, 40e3, 0.85 * 170e3, 20.0)) == [PAUSED]


def test_a_path_that_stops_for_a_moment_takes_no_only_picture_away() -> None:
    allocator = Allocator()
    two = [Stream(0, (0.0,), (150e3, 500e3)), Stream(1, (1.0,), (60e3,))]
    assert layers(allocator.allocate(two, 40e3, 1e6, 0.0)) == [1, 0]
    # What can wait is taken away at once, and goes to nobody else.
    assert layers(allocator.allocate(two, 40e3, 60e3, 1.0)) == [0, PAUSED]
    assert layers(allocator.allocate(two, 40e3, 60e3, 1.4)) == [0, PAUSED]
    assert layers(allocator.allocate(two, 40e3, 300e3, 1.45)) == [0, PAUSED]
    # The next moment has its own time.
    assert layers(allocator.allocate(two, 40e3, 60e3, 1.6)) == [0, PAUSED]
    assert layers(allocator.allocate(two, 40e3, 60e3, 1.6 + PATIENCE_SECONDS)) == [PAUSED, PAUSED]
    # Who is out of range is not kept at all.
    gone = [Stream(0, (0.0,), (150e3,), cap=0)]
    allocator.allocate(faces(1), AUDIO, 3e6, 20.0)
    assert layers(allocator.allocate(gone, AUDIO, 50e3, 21.0)) == [PAUSED]


def test_what_somebody_leaves_is_given_on_at_once_also_then() -> None:
    allocator = Allocator()
    allocator.allocate(faces(3), AUDIO, 5e6, 0.0)
    assert layers(allocator.allocate(faces(3), AUDIO, 620e3, 1.0)) == [0, 0, 0]
    assert layers(allocator.allocate(faces(1), AUDIO, 3e6, 2.0))[0] == 0
    assert allocator.held == 11.0
    # A smaller need of one is room for another.
    thin = [Stream(0, (0.0,), (50e3, 400e3)), Stream(1, (1.0,), (50e3, 400e3))]
    assert sum(layers(allocator.allocate(thin, AUDIO, 3e6, 3.0))) == 1


def test_a_cap_that_falls_holds_nothing_back_afterwards() -> None:
    allocator = Allocator()
    allocator.allocate(faces(1), AUDIO, 5e6, 0.0)
    assert layers(allocator.allocate(faces(1, cap=1), AUDIO, 5e6, 1.0)) == [0]
    assert layers(allocator.allocate(faces(1), AUDIO, 5e6, 2.0)) == [2]


@given(
    st.lists(st.tuples(st.integers(0, 3), st.floats(10e3, 1e6), st.floats(0, 5)), max_size=12),
    st.lists(st.floats(50e3, 20e6), min_size=1, max_size=10),
)
def test_nobody_gets_more_than_there_is_or_than_the_distance_allows(
    made: list[tuple[int, float, float]], estimates: list[float]
) -> None:
    allocator = Allocator()
    streams = [
        Stream(slot, (rank,), (rate, rate * 3, rate * 9), cap) for slot, (cap, rate, rank) in enumerate(made)
    ]
    for step, estimate in enumerate(estimates):
        got = allocator.allocate(streams, AUDIO, estimate, step * 3.0)
        assert set(got.layers) == {stream.slot for stream in streams}
        for stream in streams:
            assert PAUSED <= got.layers[stream.slot] < max(stream.cap, 0) or stream.cap == 0
        video = got.used - AUDIO
        first = min(streams, key=lambda stream: stream.rank).rates[0] if streams else 0.0
        assert video <= max(estimate * SHARE - AUDIO, 0.0) + first
