"""Several forwarders in one process: `ATRIUM_FORWARDERS`."""

from __future__ import annotations

import re
import urllib.request

import pytest

from tests.bench.peer_servers import room_ticket
from tests.support.atrium_server import AtriumServer
from web.load.sdp import Line, Side, read, write

PRINT = ":".join(["AB"] * 32)


def port_of(server: AtriumServer, room: str, ticket: str) -> int:
    """The media port that a publisher in this room is sent to."""
    side = Side("abcd", "p" * 24, PRINT, ("127.0.0.1", 9))
    offer = write(side, [Line.of("audio", 0, ssrc=7)], setup="active", name="x")
    headers = {"Authorization": f"Bearer {ticket}", "Content-Type": "application/sdp"}
    request = urllib.request.Request(f"{server.url}/whip/{room}", offer.encode(), headers, method="POST")
    with urllib.request.urlopen(request, timeout=10) as answer:
        return read(answer.read().decode()).address[1]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> object:
    with AtriumServer(
        tmp_path_factory.mktemp("data"), ATRIUM_FORWARDERS="2", ATRIUM_MEDIA_PORT="0"
    ) as running:
        yield running


def test_two_forwarders_have_a_name_and_a_port_each_and_places_are_spread_over_them(
    server: AtriumServer,
) -> None:
    told = dict(re.findall(r"media worker (\S+): \w+ plane on \S+ port (\d+)", "\n".join(server.lines)))
    first, second = sorted(told)
    assert second == f"{first}.2"
    used = {port_of(server, *room_ticket(server.url, name)) for name in ("ann", "bob", "cid", "dan")}
    assert used == {int(port) for port in told.values()}


def test_the_metrics_of_two_forwarders_are_one_set(server: AtriumServer) -> None:
    with urllib.request.urlopen(f"{server.url}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    assert len(re.findall(r"^atrium_sfu_sessions ", text, re.MULTILINE)) == 1
    assert len(re.findall(r"^atrium_sfu_plane\{", text, re.MULTILINE)) == 1
