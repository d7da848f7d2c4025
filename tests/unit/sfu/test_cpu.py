"""Which thread is busiest."""

from __future__ import annotations

import threading
import time

from sfu.load.cpu import busiest, process_seconds, thread_seconds


def test_the_busiest_thread_is_the_one_that_worked() -> None:
    process = process_seconds()
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            sum(range(10_000))

    worker = threading.Thread(target=work)
    worker.start()
    assert worker.native_id is not None
    threads = [threading.get_native_id(), worker.native_id]
    before, deadline = thread_seconds(threads), time.monotonic() + 60.0
    while busiest(before, used := thread_seconds(threads)) < 0.1 and time.monotonic() < deadline:
        time.sleep(0.01)
    stop.set()
    worker.join()
    assert 0.1 <= busiest(before, used) == used[threads[1]] - before[threads[1]]
    assert busiest(before, used) <= process_seconds() - process + 0.05


def test_of_a_thread_that_has_ended_nothing_is_told() -> None:
    mine = threading.get_native_id()
    assert thread_seconds([mine, 2**22 + 1]).keys() == {mine}


def test_a_thread_that_came_meanwhile_counts_from_its_beginning() -> None:
    assert busiest({1: 5.0}, {1: 5.1, 2: 0.4}) == 0.4
    assert busiest({}, {}) == 0.0
