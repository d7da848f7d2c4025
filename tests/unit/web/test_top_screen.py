"""The overview as lines of a terminal."""

from __future__ import annotations

import re
from typing import Any

from web.top.screen import columns, draw


def person(name: str, **fields: Any) -> dict[str, Any]:
    return {
        "user_id": name,
        "name": name,
        "presence": "walker",
        "zone": "Hall",
        "worker": "w1",
        "on": ["mic", "camera"],
        "quality": "good",
        "up_kbit": 400.0,
        "down_kbit": 900.0,
        "up_loss": 0.0,
        "loss": 0.012,
        "round_trip": 0.034,
    } | fields


def worker(name: str = "w1", **fields: Any) -> dict[str, Any]:
    return {
        "name": name,
        "version": "0.1.0",
        "region": "",
        "plane": "native",
        "load": 0.42,
        "sessions": 7,
        "draining": False,
        "answers": True,
        "cpu": 0.4,
        "lag": 0.001,
        "packets_in": 1200.0,
        "packets_out": 34567.0,
        "kbit_out": 88_000.0,
        "packet_microseconds": 3.4,
        "loss": -1.0,
        "round_trip": -1.0,
    } | fields


def view(people: list[dict[str, Any]], workers: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "at": 1_700_000_000.0,
        "totals": {
            "people": len(people),
            "servers": 1,
            "sessions": 7,
            "packets_out": 34567.0,
            "kbit_out": 88_000.0,
        },
        "nodes": [
            {
                "name": "n1",
                "version": "0.1.0",
                "clients": 7,
                "spaces": 1,
                "people": len(people),
                "cpu": 0.2,
                "lag": 0.002,
            }
        ],
        "workers": workers,
        "servers": [{"id": "s", "name": "Guild", "node": "n1", "people": len(people), "present": people}],
    }


def plain(people: list[dict[str, Any]], workers: list[dict[str, Any]], height: int = 50) -> list[str]:
    return draw(view(people, workers), 200, height, colour=False)


def test_people_stand_with_their_place_their_worker_and_how_good_it_is() -> None:
    lines = plain([person("Ada"), person("Bob", quality="poor", on=[], loss=0.2)], [worker()])
    ada, bob = (next(line for line in lines if line.startswith(name)) for name in ("Ada", "Bob"))
    assert ada.split() == ["Ada", "Guild", "Hall", "w1", "mc", "400", "900", "0.0%", "1.2%", "34ms", "good"]
    assert bob.split() == ["Bob", "Guild", "Hall", "w1", "-", "400", "900", "0.0%", "20.0%", "34ms", "poor"]


def test_a_worker_shows_its_load_plane_and_cost() -> None:
    line = next(line for line in plain([], [worker()]) if line.startswith("w1"))
    assert line.split() == [
        "w1",
        "0.1.0",
        "native",
        "42%",
        "7",
        "1200",
        "34567",
        "88.0",
        "3.4",
        "-",
        "-",
        "1ms",
    ]


def test_a_draining_and_a_silent_worker_are_told() -> None:
    lines = plain([], [worker("w1", draining=True, region="eu-west"), worker("w2", answers=False)])
    assert any("w1 in eu-west (draining)" in line for line in lines)
    assert any("w2" in line and "does not answer" in line for line in lines)


def test_without_a_worker_it_says_what_that_means() -> None:
    assert any("nobody hears anybody" in line for line in plain([person("Ada")], []))


def test_a_small_terminal_is_filled_and_no_more() -> None:
    crowd = [person(f"p{i:03}") for i in range(100)]
    lines = draw(view(crowd, [worker()]), 60, 20)
    assert len(lines) == 20
    bare = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in lines]
    assert max(map(columns, bare)) <= 60
    told = re.search(r"and (\d+) more", bare[-1])
    assert told is not None
    assert int(told[1]) == 100 - sum(line.startswith("p0") for line in bare)


def test_names_of_strangers_move_no_cursor_and_wide_ones_keep_the_columns() -> None:
    lines = plain([person("\x1b[2Jevil\r\n"), person("日本語")], [worker()])
    assert not any(char in "".join(lines) for char in "\x1b\r")
    rows = [line for line in lines if "Guild" in line]
    assert len({columns(line[: line.index("Guild")]) for line in rows}) == 1
