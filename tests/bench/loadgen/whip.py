"""Loads through WHIP (RFC 9725) and WHEP: one connection for each publisher, one for each listener."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from tests.bench.loadgen.signalling import Http
from web.load import sdp
from web.load.link import Link
from web.load.sdp import Line


class Whip:
    """The server's two addresses, and tickets for both: connections take turns with them."""

    def __init__(self, whip: str, whep: str, tickets: Sequence[str]) -> None:
        self._whip, self._whep = whip, whep
        self._ways = [Http(whip, {"Authorization": f"Bearer {ticket}"}) for ticket in tickets]
        self._resources: list[tuple[Http, str]] = []

    def publish(self, link: Link, lines: list[Line]) -> None:
        self._offer(self._whip, link, lines)

    def listen(self, link: Link, kinds: list[str]) -> None:
        self._offer(self._whep, link, [Line.of(kind, mid) for mid, kind in enumerate(kinds)])

    def _offer(self, url: str, link: Link, lines: list[Line]) -> None:
        offer = sdp.write(link.side(), lines, setup="active", name=link.name)
        http = self._ways[len(self._resources) % len(self._ways)]
        answer, resource = http.call("POST", url, offer, "application/sdp")
        self._resources.append((http, resource))
        link.start(sdp.read(answer.decode()), controlling=True)

    def keep_alive(self) -> None:
        """Nothing to do: connections live by their checks."""

    def close(self) -> None:
        with suppress(OSError, RuntimeError):  # the server may be gone
            for http, resource in self._resources:
                http.call("DELETE", resource)
        for http in self._ways:
            http.close()
