"""Who may read `/metrics`."""

from __future__ import annotations

import pytest

from web.figures import PASSED_ON, may_read

TOKEN = "a-token-of-sixteen-and-more"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.mark.parametrize("remote", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
def test_a_program_of_this_machine_reads_them_on_the_public_port(remote: str) -> None:
    assert may_read(remote, {}, "", own_port=False)


@pytest.mark.parametrize("remote", ["203.0.113.9", "10.0.0.9", "::ffff:10.0.0.9", "", None, "unix"])
def test_nobody_else_does_without_the_token(remote: str | None) -> None:
    for token in ("", TOKEN):
        assert not may_read(remote, {}, token, own_port=False)
        assert not may_read(remote, {"Authorization": "Bearer "}, token, own_port=False)
    assert may_read(remote, BEARER, TOKEN, own_port=False)


@pytest.mark.parametrize("header", PASSED_ON)
def test_what_a_proxy_of_this_machine_passes_on_is_not_of_this_machine(header: str) -> None:
    assert not may_read("127.0.0.1", {header: "203.0.113.9"}, TOKEN, own_port=False)
    assert may_read("127.0.0.1", {header: "203.0.113.9", **BEARER}, TOKEN, own_port=False)


def test_a_port_of_their_own_is_open_unless_it_has_a_token() -> None:
    assert may_read("203.0.113.9", {}, "", own_port=True)
    assert not may_read("127.0.0.1", {}, TOKEN, own_port=True)
    assert may_read("203.0.113.9", BEARER, TOKEN, own_port=True)
