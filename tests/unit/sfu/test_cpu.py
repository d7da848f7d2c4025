"""Which thread is busiest."""

from __future__ import annotations

import threading
import time

from sfu.load.cpu import busiest, process_seconds, thread_seconds


def test_the_busiest_thread_is_the_one_that_worked() -> None:
    before, process = thread_seconds(), process_seconds()
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            sum(range(10_000))

    worker = threading.Thread(target=work)
    worker.start()
    while busiest(before, thread_seconds()) < 0.1:
        time.sleep(0.01)
    stop.set()
    worker.join()
    assert busiest(before, thread_seconds()) <= process_seconds() - process + 0.05


def test_a_thread_that_came_meanwhile_counts_from_its_beginning() -> None:
    assert busiest({"1": 5.0}, {"1": 5.1, "2": 0.4}) == 0.4
    assert busiest({}, {}) == 0.0
