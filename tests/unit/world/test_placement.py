"""Which worker carries what."""

from __future__ import annotations

from signaling.control import WORKER_STALE_SECONDS, Heartbeat
from world.placement import RECENT_SECONDS, Placement


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
