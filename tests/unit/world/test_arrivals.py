"""Nobody is seated whom a removal has met on the way."""

from __future__ import annotations

from world.space.arrivals import MAX_REMOVED_GUESTS, Arrivals


def test_who_is_removed_on_the_way_gets_no_seat_and_may_try_again() -> None:
    arrivals = Arrivals()
    with arrivals.arriving("home", "ann"):
        assert arrivals.may_sit("home", "ann", "walker")
        arrivals.removed("home", "ann")
        assert not arrivals.may_sit("home", "ann", "walker")
        assert arrivals.may_sit("other", "ann", "walker")
    with arrivals.arriving("home", "ann"):
        assert arrivals.may_sit("home", "ann", "walker")


def test_a_removal_holds_for_every_connection_that_is_on_the_way() -> None:
    arrivals = Arrivals()
    with arrivals.arriving("home", "ann"):
        with arrivals.arriving("home", "ann"):
            arrivals.removed("home", "ann")
        assert not arrivals.may_sit("home", "ann", "walker")


def test_a_removal_of_somebody_who_is_not_coming_is_not_kept() -> None:
    arrivals = Arrivals()
    arrivals.removed("home", "ann")
    with arrivals.arriving("home", "ann"):
        assert arrivals.may_sit("home", "ann", "walker")


def test_a_removed_guest_stays_out_and_the_memory_of_it_is_bounded() -> None:
    arrivals = Arrivals()
    arrivals.guest_removed("home", "guest-1")
    assert not arrivals.may_sit("home", "guest-1", "guest")
    # The same account as a member of the server is another seat.
    assert arrivals.may_sit("home", "guest-1", "walker")
    for number in range(MAX_REMOVED_GUESTS):
        arrivals.guest_removed("home", f"other-{number}")
    assert arrivals.may_sit("home", "guest-1", "guest")
