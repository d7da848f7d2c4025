"""Pauses end at multiples of their length, so that those of different parts end together."""

from __future__ import annotations

import pytest

from signaling.pauses import pause


@pytest.mark.parametrize(
    ("now", "seconds", "until"),
    [
        (100.0, 0.25, 100.25),
        (100.1, 0.25, 100.25),
        (100.1, 0.5, 100.5),
        (100.1, 1.0, 101.0),
        (100.249, 0.25, 100.5),  # a timer that came early
        (100.251, 0.25, 100.5),
        (100.24, 0.5, 100.5),
    ],
)
def test_a_pause_ends_at_a_multiple_of_its_length(
    monkeypatch: pytest.MonkeyPatch, now: float, seconds: float, until: float
) -> None:
    monkeypatch.setattr("signaling.pauses.time.monotonic", lambda: now)
    assert now + pause(seconds) == pytest.approx(until)
