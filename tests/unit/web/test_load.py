"""Whom a load may reach, and what it makes of what it counts."""

from __future__ import annotations

import socket

import pytest

from web.cli import main
from web.load.reach import OutOfReach, Pinned, is_near, target
from web.load.tally import Stream, Tally, lines, percentile, report


@pytest.mark.parametrize(
    ("address", "near"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("10.1.2.3", True),
        ("172.31.0.1", True),
        ("192.168.1.1", True),
        ("fd00::1", True),
        ("::ffff:192.168.1.1", True),
        ("172.32.0.1", False),
        ("169.254.169.254", False),
        ("203.0.113.5", False),
        ("::ffff:203.0.113.5", False),
        ("2001:db8::1", False),
        ("0.0.0.0", False),
        ("meet.example.org", False),
    ],
)
def test_near_is_this_machine_and_private_networks_and_nothing_else(address: str, near: bool) -> None:
    assert is_near(address) == near


def resolving(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)


def test_a_name_with_one_address_outside_is_refused_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, "10.0.0.5", "203.0.113.5")
    with pytest.raises(OutOfReach, match=r"203\.0\.113\.5.*attack.*--far"):
        target("https://meet.example.org")
    known = target("https://meet.example.org", far=True)
    assert known.addresses == ("10.0.0.5", "203.0.113.5")
    assert known.reach("203.0.113.5")


async def test_what_was_looked_up_is_what_is_loaded_whatever_the_name_says_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    resolving(monkeypatch, "10.0.0.5")
    known = target("https://meet.example.org")
    resolving(monkeypatch, "203.0.113.5")
    pinned = Pinned(known)
    assert [each["host"] for each in await pinned.resolve("meet.example.org", 443)] == ["10.0.0.5"]
    with pytest.raises(OSError, match=r"elsewhere\.example is not"):
        await pinned.resolve("elsewhere.example", 443)
    assert not known.reach("203.0.113.5"), "media neither"


@pytest.mark.parametrize(
    "url",
    [
        "ftp://127.0.0.1",
        "127.0.0.1:8080",
        "http://",
        "http://127.0.0.1/s/x",
        "http://a:b@127.0.0.1",
        "http://[::",
    ],
)
def test_what_is_no_address_of_an_installation_is_refused(url: str) -> None:
    with pytest.raises(OutOfReach):
        target(url)


@pytest.mark.parametrize(
    "wrong",
    [
        ["--people", "0"],
        ["--people", "2001"],
        ["--people", "3", "--talking", "4"],
        ["--people", "500", "--talking", "201"],
        ["--seconds", "0"],
        ["--seconds", "3601"],
        ["--seconds", "nan"],
    ],
)
def test_loads_beyond_the_bounds_are_refused_before_anything_is_sent(
    wrong: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["load", "http://127.0.0.1:1", *wrong])
    assert ended.value.code == 2
    assert wrong[-2] in capsys.readouterr().err


def test_a_streams_losses_are_counted_over_the_wrap_of_its_numbers_and_out_of_order() -> None:
    stream = Stream(65533, 65533)
    for number in (65534, 1, 0, 3):  # 65535 and 2 never come
        stream.take(number)
    assert (stream.packets, stream.expected) == (5, 7)


def test_what_came_before_everybody_was_there_is_not_in_the_report_but_the_time_to_first_media_is() -> None:
    tally = Tally(moves=7, positions=7, packets=7, lost=7, first_media=[0.2, 0.4, 0.3])
    tally.begin()
    tally.moves, tally.positions, tally.packets, tally.lost = 100, 400, 95, 5
    for ms in range(100):
        tally.pinged(ms / 1000)
    found = report(tally, people=10, talking=4, listening=4, seconds=2.0)
    assert (found.moves, found.positions, found.packets, found.loss) == (50, 200, 47.5, 0.05)
    assert found.first_media_p50 == pytest.approx(300)
    assert found.first_media_max == pytest.approx(400)
    assert found.without_media == 1
    assert found.ping_p50 == pytest.approx(50)
    assert found.ping_p99 == pytest.approx(99)


def test_a_tester_that_was_itself_late_says_so_and_nothing_measured_is_not_a_zero() -> None:
    tally = Tally()
    tally.was_late(0.2)
    text = "\n".join(lines(report(tally, 2, 2, 2, 1.0)))
    assert "tester itself ran 200 ms late" in text
    assert "nothing came" in text
    assert "first media       not measured" in text
    assert percentile([], 0.5) is None
