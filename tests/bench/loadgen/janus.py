"""Loads through Janus' HTTP API into one room of its VideoRoom plugin.

A publisher joins and offers; a listener subscribes to every feed on one connection, which Janus offers.
What is asked of a plugin is answered by an event of the session, fetched from a long poll.
"""

from __future__ import annotations

import secrets
from contextlib import suppress
from typing import Any

from tests.bench.loadgen.signalling import Http, Pump
from web.load import sdp
from web.load.link import Link
from web.load.sdp import Line

EVENTS = 500  # polls for one answer
FEED_TRIES = 50  # a publisher is connected a little before the plugin lists it


class JanusError(RuntimeError):
    """What Janus says it cannot do."""


class Janus:
    """A session with a room of its own at the Janus that answers at `url`."""

    def __init__(self, url: str, pump: Pump) -> None:
        self._url = url
        self._pump = pump
        self._http = Http(url)
        self._session = f"{url}/{self._call(url, 'create')['data']['id']}"
        self._room = secrets.randbelow(10**9) + 1
        self._feeds: list[int] = []
        reply = self._call(
            f"{self._session}/{self._attach()}",
            "message",
            body={
                "request": "create",
                "room": self._room,
                "publishers": 1000,
                "bitrate": 0,
                "audiocodec": "opus",
                "videocodec": "vp8",
                "notify_joining": False,
                # No header extension, as everywhere in this load.
                "audiolevel_ext": False,
                "videoorient_ext": False,
                "playoutdelay_ext": False,
                "transport_wide_cc_ext": False,
            },
        )
        if reply["plugindata"]["data"].get("videoroom") != "created":
            raise JanusError(f"no room: {reply}")

    def publish(self, link: Link, lines: list[Line]) -> None:
        offer = sdp.write(link.side(), lines, setup="active", name=link.name)
        event = self._ask(
            self._attach(),
            {"request": "joinandconfigure", "ptype": "publisher", "room": self._room, "display": link.name},
            {"type": "offer", "sdp": offer},
        )
        self._feeds.append(event["plugindata"]["data"]["id"])
        link.start(sdp.read(event["jsep"]["sdp"]), controlling=True)

    def listen(self, link: Link, kinds: list[str]) -> None:
        handle = self._attach()
        event = self._subscribe(handle)
        remote = sdp.read(event["jsep"]["sdp"])
        found = sorted(line.kind for line in remote.lines)
        if found != sorted(kinds):
            raise JanusError(f"Janus offers {len(found)} streams where there are {len(kinds)}")
        link.start(remote, controlling=False)
        answer = sdp.write(link.side(), list(remote.lines), setup="active", name=link.name)
        self._ask(handle, {"request": "start"}, {"type": "answer", "sdp": answer})

    def _subscribe(self, handle: int) -> Any:
        streams = [{"feed": feed} for feed in self._feeds]
        body = {"request": "join", "ptype": "subscriber", "room": self._room, "streams": streams}
        for _ in range(FEED_TRIES):
            with suppress(JanusError):
                return self._ask(handle, body)
            self._pump(0.1)
        return self._ask(handle, body)

    def keep_alive(self) -> None:
        self._call(self._session, "keepalive")

    def close(self) -> None:
        with suppress(OSError, RuntimeError):  # the server may be gone
            self._call(self._session, "destroy")
        self._http.close()

    def _call(self, url: str, what: str, **more: object) -> Any:
        reply = self._http.json("POST", url, {"janus": what, "transaction": secrets.token_hex(8), **more})
        if reply["janus"] == "error":
            raise JanusError(str(reply["error"]))
        return reply

    def _attach(self) -> int:
        reply = self._call(self._session, "attach", plugin="janus.plugin.videoroom")
        return int(reply["data"]["id"])

    def _ask(self, handle: int, body: dict[str, object], jsep: dict[str, str] | None = None) -> Any:
        """Ask the plugin something, and its event with the answer."""
        more = {"jsep": jsep} if jsep else {}
        self._call(f"{self._session}/{handle}", "message", body=body, **more)
        for _ in range(EVENTS):
            event = self._http.json("GET", f"{self._session}?maxev=1")
            if event["janus"] == "event" and event["sender"] == handle:
                data = event["plugindata"]["data"]
                if "error" in data:
                    raise JanusError(str(data["error"]))
                return event
        raise JanusError("no answer of the plugin")
