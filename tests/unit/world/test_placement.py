"""Which worker carries what."""

from __future__ import annotations

from signaling.control import WORKER_STALE_SECONDS, WORKER_SUSPECT_SECONDS, Heartbeat
from world.media.placement import HARD_LIMIT, RECENT_SECONDS, SOFT_LIMIT, Placement


def beat(worker: str, load: float = 0.0, started: int = 1, draining: bool = False) -> Heartbeat:
    return Heartbeat(worker, started, load, 0, "python", draining)


def test_the_least_loaded_live_worker_is_chosen() -> None:
    placement = Placement()
    assert placement.choose(0.0) is None
    for name, load in (("a", 0.5), ("b", 0.2), ("c", 0.9)):
        assert placement.beat(beat(name, load), 0.0) == "new"
    assert placement.choose(0.0) == "b"


def test_recent_joins_count_until_heartbeats_have_caught_up() -> None:
    placement = Placement()
    placement.beat(beat("a"), 0.0)
    placement.beat(beat("b"), 0.0)
    chosen = []
    for _ in range(10):
        worker = placement.choose(0.0)
        assert worker is not None
        placement.joined(worker, 0.0)
        chosen.append(worker)
    assert chosen.count("a") == chosen.count("b") == 5
    placement.joined("a", 0.0)
    assert placement.choose(0.0) == "b"
    assert placement.choose(RECENT_SECONDS + 1) == "a"


def test_a_silent_worker_is_buried_and_a_draining_one_gets_nothing_new() -> None:
    placement = Placement()
    placement.beat(beat("a"), 0.0)
    placement.beat(beat("b", draining=True), 4.0)
    assert placement.bury(WORKER_STALE_SECONDS) == []
    assert placement.bury(WORKER_STALE_SECONDS + 0.1) == ["a"]
    assert placement.choose(5.1) is None
    assert placement.alive("b")


def test_a_worker_that_comes_back_with_another_start_has_lost_everything() -> None:
    placement = Placement()
    placement.beat(beat("a", started=1), 0.0)
    assert placement.beat(beat("a", started=1), 1.0) == "alive"
    assert placement.beat(beat("a", started=2), 2.0) == "restarted"


def full(worker: str, load: float, *, region: str = "", pipes: bool = True) -> Heartbeat:
    return Heartbeat(
        *(worker, 1, load, 0, "python"), region=region, address=("127.0.0.1", 4000 if pipes else 0)
    )


def placement_of(*beats: Heartbeat, region: str = "") -> Placement:
    placement = Placement(region)
    for one in beats:
        placement.beat(one, 0.0)
    return placement


def test_a_server_stays_on_its_worker_although_another_one_is_idle() -> None:
    placement = placement_of(full("a", 0.6), full("b", 0.0))
    assert placement.choose(0.0, ("a",)) == "a"


def test_a_server_whose_worker_has_reached_the_soft_limit_spills_to_its_second_and_then_to_a_third() -> None:
    placement = placement_of(full("a", SOFT_LIMIT), full("b", 0.5), full("c", 0.1))
    assert placement.choose(0.0, ("a",)) == "c"
    assert placement.choose(0.0, ("a", "b")) == "b"


def test_above_the_soft_limit_of_all_the_server_goes_on_where_it_is_and_above_the_hard_one_nowhere() -> None:
    placement = placement_of(full("a", 0.9), full("b", 0.85))
    assert placement.choose(0.0, ("a",)) == "a"
    assert placement.choose(0.0) == "b"
    placement.beat(full("a", HARD_LIMIT), 0.0)
    assert placement.choose(0.0, ("a",)) == "b"
    placement.beat(full("b", HARD_LIMIT), 0.0)
    assert placement.choose(0.0, ("a",)) is None
    assert placement.crowded()


def test_seats_count_like_load() -> None:
    placement = placement_of(Heartbeat("a", 1, 0.0, 96, "python", max_sessions=100))
    assert placement.choose(0.0) is None


def test_a_worker_without_pipes_takes_a_whole_server_or_nothing_of_it() -> None:
    placement = placement_of(full("a", 0.9), full("old", 0.0, pipes=False))
    assert placement.choose(0.0) == "old"
    assert placement.choose(0.0, ("a",)) == "a"
    assert placement_of(full("old", 0.9, pipes=False), full("b", 0.0)).choose(0.0, ("old",)) == "old"


def test_workers_of_the_own_region_come_first_and_those_of_others_before_none() -> None:
    placement = placement_of(full("far", 0.0, region="us"), full("near", 0.7, region="eu"), region="eu")
    assert placement.choose(0.0) == "near"
    placement.beat(full("near", SOFT_LIMIT, region="eu"), 0.0)
    assert placement.choose(0.0) == "far"


def test_a_server_that_asks_for_a_region_gets_it_before_the_nodes_own() -> None:
    beats = full("us", 0.7, region="us"), full("eu", 0.3, region="eu"), full("asia", 0.0, region="asia")
    placement = placement_of(*beats, region="eu")
    assert placement.regions() == ["asia", "eu", "us"]
    assert placement.choose(0.0, region="us") == "us"
    placement.beat(full("us", SOFT_LIMIT, region="us"), 0.0)
    assert placement.choose(0.0, region="us") == "eu"
    assert placement.choose(0.0, ("us",), region="us") == "eu"  # it spills over
    assert placement.choose(0.0, region="moon") == "eu"


def test_of_workers_that_a_server_had_those_count_as_near_that_stand_where_it_asks_for() -> None:
    placement = placement_of(full("us", 0.2, region="us"), full("eu", 0.1, region="eu"))
    assert placement.nearest(("us", "eu"), "eu") == ("eu",)
    assert placement.nearest(("us",), "eu") == ()
    assert placement.nearest(("us", "eu"), "asia") == ("us", "eu")  # nobody is there
    assert placement.nearest(("us", "eu")) == ("us", "eu")


def test_one_who_misses_heartbeats_is_a_suspect_and_an_answer_clears_it() -> None:
    placement = placement_of(full("a", 0.0))
    assert placement.suspects(WORKER_SUSPECT_SECONDS) == []
    assert placement.suspects(WORKER_SUSPECT_SECONDS + 0.1) == ["a"]
    placement.seen("a", WORKER_SUSPECT_SECONDS + 0.1)
    assert placement.suspects(WORKER_SUSPECT_SECONDS + 0.2) == []
    assert placement.forget("a")
    assert not placement.forget("a")


def test_who_came_since_the_last_heartbeat_has_a_seat_already() -> None:
    placement = placement_of(Heartbeat("a", 1, 0.0, 1, "python", address=("::1", 1), max_sessions=4))
    assert placement.choose(1.0) == "a"
    for _ in range(3):
        placement.joined("a", 1.0)
    assert placement.choose(1.0) is None
    placement.beat(Heartbeat("a", 1, 0.0, 2, "python", address=("::1", 1), max_sessions=4), 1.1)
    assert placement.choose(1.1) == "a"


def test_a_worker_that_refused_takes_nobody_until_it_says_more() -> None:
    placement = placement_of(full("a", 0.1), full("b", 0.5))
    placement.filled("a")
    assert placement.choose(0.0, ("a",)) == "b"
    placement.beat(full("a", 0.1), 0.5)
    assert placement.choose(0.5, ("a",)) == "a"


def test_a_crowd_that_comes_at_once_spills_but_is_never_refused_for_its_number() -> None:
    placement = placement_of(full("a", 0.1), full("b", 0.1))
    homes = []
    for _ in range(300):
        worker = placement.choose(0.0, ("a",))
        assert worker is not None
        placement.joined(worker, 0.0)
        homes.append(worker)
    assert set(homes) == {"a", "b"}
    assert homes.index("b") >= 60


def test_when_all_are_being_drained_there_is_none_rather_than_a_full_one() -> None:
    placement = placement_of(Heartbeat("a", 1, 0.1, 0, "python", draining=True))
    assert placement.choose(0.0) is None
    assert not placement.crowded()
