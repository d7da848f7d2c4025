"""`atrium bench --plan` measures a real forwarder and says how many people that is."""

from __future__ import annotations

import json

import pytest

from web import cli


def bench(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[object, str]:
    with pytest.raises(SystemExit) as ended:
        cli.main(["bench", *arguments])
    return ended.value.code, capsys.readouterr().out


def test_it_measures_this_machine_and_plans_with_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ATRIUM_PLANE", "auto")
    code, told = bench(capsys, "--plan", "--json", "--seconds", "0.2", "--bandwidth", "100", "--workers", "2")
    assert code == 0
    found = json.loads(told)
    costs = found["machine"]["costs"]
    assert 0.3 < costs["audio_out"] < 500
    assert 0.3 < costs["video_out"] < 500
    assert found["machine"]["slot_bytes"] < 100_000
    talking, watching = found["plans"]
    assert 0 < talking["people"] < watching["people"]
    assert talking["limit"] in {"CPU", "network", "memory"}
    assert talking["network_used"] <= 0.7


def test_what_cannot_be_planned_with_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    for wrong in (("--seconds", "0"), ("--workers", "0"), ("--bandwidth", "-5")):
        assert bench(capsys, "--plan", *wrong)[0] == 2
