"""Measures what one worker's threads use: the shell around `sfu.load.capacity`.

A process may hold several workers, each with a forwarder's thread of its own, on one event loop. What one of
them can still take depends on its own forwarder and on the loop that they share, not on its neighbours'.
"""

from __future__ import annotations

import threading

from sfu.forward.contract import Forwarder
from sfu.load.capacity import Capacity
from sfu.load.cpu import busiest, process_seconds, thread_seconds

# Over how long load is measured.
LOAD_SECONDS = 2.0


class LoadMeter:
    """Of one forwarder; made on the event loop's thread. `now` is seconds that never go back, `most_bits`
    what it may send a second (0: no limit)."""

    def __init__(self, forwarder: Forwarder, now: float, most_bits: float = 0.0) -> None:
        self.capacity = Capacity(most_bits)
        self._forwarder = forwarder
        mine = {threading.get_native_id(), forwarder.thread}
        self._mine = [thread for thread in mine if thread is not None]
        self._looked_at = now
        self._used, self._threads = process_seconds(), thread_seconds(self._mine)
        self._sent = self._sent_bytes = 0

    def look(self, now: float) -> bool:
        """Measure anew when it is time; whether it was."""
        if now - self._looked_at < LOAD_SECONDS:
            return False
        used, threads = process_seconds(), thread_seconds(self._mine)
        counters = self._forwarder.counters()
        self.capacity.measure(
            used - self._used,
            busiest(self._threads, threads),
            counters.sent - self._sent,
            now - self._looked_at,
            counters.sent_bytes - self._sent_bytes,
        )
        self._looked_at, self._used, self._threads = now, used, threads
        self._sent, self._sent_bytes = counters.sent, counters.sent_bytes
        return True
