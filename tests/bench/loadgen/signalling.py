"""How a load gets into an SFU: what all the servers' ways have in common."""

from __future__ import annotations

import http.client
import ipaddress
import json
import urllib.parse
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from web.load.link import Link
from web.load.sdp import Line

ASK_SECONDS = 30


class Signalling(Protocol):
    """One room of one server."""

    def publish(self, link: Link, lines: list[Line]) -> None:
        """Let this connection send these; it is started when this returns."""

    def listen(self, link: Link, kinds: list[str]) -> None:
        """Let this connection receive what everybody sends: an m-line of each of `kinds`."""

    def keep_alive(self) -> None:
        """Every few seconds."""

    def close(self) -> None:
        """Leave."""


Pump = Callable[[float], None]  # lets media and checks go on for so many seconds


class Http:
    """A kept HTTP connection to a server of this machine. Raises ValueError for another one's address."""

    def __init__(self, url: str, headers: Mapping[str, str] | None = None) -> None:
        parts = urllib.parse.urlsplit(url)
        if parts.scheme != "http" or not ipaddress.ip_address(parts.hostname or "").is_loopback:
            raise ValueError(f"only http:// and addresses of the loopback range: {url}")
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=ASK_SECONDS)
        self._headers = dict(headers or {})

    def call(self, method: str, url: str, body: str | None = None, kind: str = "") -> tuple[bytes, str]:
        """The answer's body and its Location. Raises RuntimeError for another status than 2xx."""
        parts = urllib.parse.urlsplit(url)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        headers = self._headers | ({"Content-Type": kind} if kind else {})
        try:
            self._connection.request(method, path, body, headers)
            answer = self._connection.getresponse()
        except (http.client.RemoteDisconnected, ConnectionError):  # it was kept for too long
            self._connection.close()
            self._connection.request(method, path, body, headers)
            answer = self._connection.getresponse()
        data = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {data[:300]!r}")
        return data, urllib.parse.urljoin(url, answer.headers.get("Location", ""))

    def json(self, method: str, url: str, body: object = None) -> Any:
        """The same with JSON both ways."""
        data, _ = self.call(method, url, None if body is None else json.dumps(body), "application/json")
        return json.loads(data)

    def close(self) -> None:
        self._connection.close()
