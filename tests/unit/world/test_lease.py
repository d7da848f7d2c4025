"""The rules of ownership, without a store: who gets a lease, and what an owner may believe."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from world.nodes.lease import LEASE_SECONDS, ROUTE_BITS, Held, Lease, Reach, RouteEpochs, Tenure, Want, decide

T = 1_800_000_000.0


def test_a_lease_in_force_is_nobody_elses_and_its_holder_prolongs_it() -> None:
    held, newest = decide(None, 0, "a", Want(), T)
    assert held is not None
    assert decide(held, newest, "b", Want(), T + LEASE_SECONDS - 0.01) == (held, newest)
    longer, same = decide(held, newest, "a", Want(held.lease.epoch), T + 1)
    assert longer == Held(held.lease, T + 1 + LEASE_SECONDS)
    assert same == newest


def test_one_that_ran_out_goes_to_who_wants_it_with_a_higher_epoch() -> None:
    held, newest = decide(None, 0, "a", Want(), T)
    assert held is not None
    later = T + LEASE_SECONDS
    assert decide(held, newest, "b", Want(take=False), later)[0] is None
    other, higher = decide(held, newest, "b", Want(), later)
    assert other is not None
    assert (other.lease.node, other.lease.epoch) == ("b", higher)
    assert higher > newest
    # The first one comes late: it is told who owns now, and does not get it back when that one dies.
    assert decide(other, higher, "a", Want(newest), later + 1)[0] == other
    again, highest = decide(None, higher, "a", Want(newest), later + 10)
    assert again is not None
    assert again.lease.epoch == highest > higher


def test_the_last_owner_gets_its_own_lease_back_when_it_was_only_late_or_the_store_forgot() -> None:
    held, newest = decide(None, 0, "a", Want(), T)
    assert held is not None
    for forgotten in (newest, 0):
        back, after = decide(None, forgotten, "a", Want(newest), T + 60)
        assert back is not None
        assert back.lease == held.lease
        assert after == newest


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(-5, 10), st.booleans()), max_size=40))
def test_whatever_the_clock_does_epochs_only_grow_and_two_never_hold_at_once(
    asks: list[tuple[str, float, bool]],
) -> None:
    held: Held | None = None
    newest, now = 0, T
    mine: dict[str, int] = {}
    owner_of: dict[int, str] = {}
    for node, step, take in asks:
        now += step
        before = newest
        held, newest = decide(held, newest, node, Want(mine.get(node, 0), take), now)
        assert newest >= before
        if held is not None:
            assert owner_of.setdefault(held.lease.epoch, held.lease.node) == held.lease.node
            assert held.lease.epoch <= newest
            if held.lease.node == node:
                mine[node] = held.lease.epoch
            else:
                mine.pop(node, None)


def test_an_owner_that_slept_through_its_lease_knows_nothing_until_it_has_asked() -> None:
    tenure = Tenure(Lease("a", 1), 100.0)
    assert tenure.holds(100 + LEASE_SECONDS - 0.01)
    assert not tenure.holds(100 + LEASE_SECONDS)
    tenure.renewed(110.0)
    assert tenure.holds(111.0)
    tenure.ended = True
    assert not tenure.holds(111.0)


def test_an_owner_that_cannot_ask_keeps_its_lease_for_as_long_as_it_tries() -> None:
    tenure = Tenure(Lease("a", 1), 100.0)
    for second in range(101, 161):
        tenure.unreachable(second)
        assert tenure.holds(second + 1.0)
    assert not tenure.holds(160 + LEASE_SECONDS), "it slept during the outage"


def test_a_store_that_has_just_come_back_says_nothing_about_who_is_dead() -> None:
    reach = Reach()
    assert reach.steady(0.0)
    reach.failed()
    assert not reach.ok
    reach.answered(50.0)
    reach.answered(52.0)
    assert reach.ok
    assert not reach.steady(50 + LEASE_SECONDS - 0.01)
    assert reach.steady(50 + LEASE_SECONDS)


def test_route_epochs_of_a_later_owner_are_higher_and_exact_in_a_browser() -> None:
    earlier, later = RouteEpochs(int(T * 1000)), RouteEpochs(int(T * 1000) + 3000)
    earlier.last += 3_000_000
    assert earlier.next() < later.next() < 2**53
    assert int(4_000_000_000.0 * 1000) << ROUTE_BITS < 2**53
    later.above(10**15 * 5)
    assert later.next() == 10**15 * 5 + 1
