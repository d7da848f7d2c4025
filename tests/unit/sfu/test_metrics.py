"""The figures of several workers in one process."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, generate_latest

from sfu.metrics import Metrics, Snapshot, together


def a_worker(sessions: int, sent: int, **more: object) -> Snapshot:
    empty = {"routers": 1, "producers": 2, "slots": 3, "received": 4, "received_bytes": 6, "sent_bytes": 5}
    return Snapshot("native", sessions=sessions, sent=sent, **({"dropped": {}} | empty | more))  # type: ignore[arg-type]


class Told:
    """A worker whose figures the test sets."""

    def __init__(self, figures: Snapshot) -> None:
        self.figures = figures

    def snapshot(self) -> Snapshot:
        return self.figures


def test_counts_of_workers_are_added_up_reason_by_reason_and_layer_by_layer() -> None:
    one = a_worker(2, 10, dropped={"auth": 1, "late": 2}, layers=(1, 1), tcp_connections=1)
    two = a_worker(3, 20, dropped={"auth": 4}, layers=(1, 2, 3))
    both = together([one, two])
    assert (both.sessions, both.sent, both.routers, both.tcp_connections) == (5, 30, 2, 1)
    assert both.dropped == {"auth": 5, "late": 2}
    assert both.layers == (2, 3, 3)


def test_losses_of_workers_are_weighted_by_their_people_and_left_out_where_nobody_knows() -> None:
    one, two = a_worker(1, 0, uplink_loss=0.4), a_worker(3, 0, uplink_loss=0.0)
    assert together([one, two, a_worker(9, 0)]).uplink_loss == 0.1
    assert together([a_worker(1, 0), a_worker(1, 0)]).uplink_loss == -1.0


def test_a_registry_shows_all_workers_together_and_those_that_ended_no_more() -> None:
    registry = CollectorRegistry()
    metrics = Metrics(registry)
    one, two = Told(a_worker(2, 10)), Told(a_worker(3, 20))
    metrics.watch(one)
    metrics.watch(two)
    assert b"atrium_sfu_sessions 5.0" in generate_latest(registry)
    metrics.unwatch(one)
    assert b"atrium_sfu_sessions 3.0" in generate_latest(registry)
    metrics.unwatch(two)
    assert b"atrium_sfu_sessions" not in generate_latest(registry)
