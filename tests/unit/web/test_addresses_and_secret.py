"""What follows from settings: addresses told to browsers, the printed URL, the kept secret, ICE servers."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import pytest

from signaling.messages import IceServer
from signaling.tickets import MIN_SECRET_CHARS, turn_credentials
from web.addresses import advertised, is_loopback, own_addresses, printed_url
from web.ice import CREDENTIAL_SECONDS, ice_servers
from web.secret import BadSecret, kept_secret
from web.settings import load


def test_a_worker_on_a_loopback_address_tells_that_one() -> None:
    assert advertised("127.0.0.1", ()) == ["127.0.0.1"]
    assert advertised("localhost", ()) == ["127.0.0.1"]
    assert advertised("::1", ()) == ["::1"]


def test_a_worker_on_every_address_tells_the_machines_own_and_no_loopback() -> None:
    for address in advertised("0.0.0.0", ()):
        assert ipaddress.ip_address(address).version == 4
        assert not is_loopback(address)
    assert set(advertised("0.0.0.0", ())) <= set(own_addresses())


def test_what_was_set_is_told_and_a_bound_address_stands_for_itself() -> None:
    assert advertised("0.0.0.0", ("203.0.113.5",)) == ["203.0.113.5"]
    assert advertised("192.0.2.7", ()) == ["192.0.2.7"]


def test_the_printed_url_can_be_opened() -> None:
    assert printed_url("127.0.0.1", 8080, "") == "http://127.0.0.1:8080"
    assert printed_url("::1", 8080, "") == "http://[::1]:8080"
    assert printed_url("0.0.0.0", 8080, "https://meet.example.org") == "https://meet.example.org"
    assert "0.0.0.0" not in printed_url("0.0.0.0", 8080, "")


def test_the_secret_is_made_once_and_nobody_else_may_read_it(tmp_path: Path) -> None:
    secret = kept_secret(tmp_path)
    assert len(secret) >= MIN_SECRET_CHARS
    assert kept_secret(tmp_path) == secret
    assert [file.name for file in tmp_path.iterdir()] == ["secret"]
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600


def test_a_secret_that_others_can_read_or_that_is_damaged_is_refused(tmp_path: Path) -> None:
    kept_secret(tmp_path)
    (tmp_path / "secret").chmod(0o644)
    with pytest.raises(BadSecret, match="chmod 600"):
        kept_secret(tmp_path)
    (tmp_path / "secret").write_text("")
    (tmp_path / "secret").chmod(0o600)
    with pytest.raises(BadSecret, match="damaged"):
        kept_secret(tmp_path)


def test_turn_servers_come_with_credentials_of_the_users_own() -> None:
    settings = load(
        {},
        {
            "ATRIUM_STUN_URLS": "stun:a.example:3478",
            "ATRIUM_TURN_URLS": "turn:t.example:3478",
            "ATRIUM_TURN_SECRET": "shared",
        },
    )
    username, credential = turn_credentials("shared", "ada", CREDENTIAL_SECONDS, 1000.0)
    assert ice_servers(settings, lambda: 1000.0)("ada") == [
        IceServer(["stun:a.example:3478"]),
        IceServer(["turn:t.example:3478"], username, credential),
    ]
    assert ice_servers(load({}, {}))("ada") == []
