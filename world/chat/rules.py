"""Who may say and read what in the chat: the one rule behind live lines, history, files and reactions. Pure.

A line belongs to a channel. `nearby` is spoken, not written: it reaches exactly those who hear the speaker
and is kept nowhere. The others are kept, and whoever may read a channel may read all of it:

- `server`: every member of the server.
- `zone`: a public zone is open to every member, wherever they stand, and to the guests in it. A private
  room is read by those who are in it now, and by nobody else: its chat keeps to its walls as its voices do.
- `direct`: the two people, as long as they are members.

Guests have no account: they say and read what belongs to their own room.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from world.records import ZoneRecord

KeptScope = Literal["zone", "server", "direct"]

MAX_TEXT_CHARS = 2000
# What no line needs and databases or terminals take badly: control characters but tab and newline, and
# halves of surrogate pairs; and the embeddings, overrides and isolates of UAX #9, by which a line is read as
# another than it is. Right-to-left text needs none of them.
_UNWANTED = re.compile("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_KEY = re.compile(r"server|zone:([0-9A-Za-z-]{1,64})|direct:([0-9A-Za-z-]{1,64}):([0-9A-Za-z-]{1,64})")


@dataclass(frozen=True, slots=True)
class Channel:
    """Where a kept line belongs. `zone_id` of a zone; `pair` of a direct talk, in sorted order."""

    scope: KeptScope
    zone_id: str | None = None
    pair: tuple[str, str] | None = None

    @property
    def key(self) -> str:
        """The stored form."""
        if self.zone_id is not None:
            return f"zone:{self.zone_id}"
        return "direct:{}:{}".format(*self.pair) if self.pair is not None else "server"

    def told_to(self, reader: str) -> str | None:
        """What `to` says to this reader: the zone, or the other one of the two."""
        if self.pair is not None:
            return self.pair[1] if self.pair[0] == reader else self.pair[0]
        return self.zone_id


SERVER = Channel("server")


def zone_channel(zone_id: str) -> Channel:
    """The channel of a zone."""
    return Channel("zone", zone_id=zone_id)


def direct_channel(one: str, other: str) -> Channel:
    """The channel of two people."""
    return Channel("direct", pair=(one, other) if one < other else (other, one))


def channel_of(key: str) -> Channel | None:
    """The channel of a stored form; None for anything else."""
    match = _KEY.fullmatch(key)
    if match is None:
        return None
    zone_id, one, other = match.groups()
    if zone_id is not None:
        return zone_channel(zone_id)
    if one is not None:
        return direct_channel(one, other) if one < other else None
    return SERVER


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody as the rule sees them. `zone_id` is where the world sees them now, None for elsewhere."""

    user_id: str
    member: bool
    zone_id: str | None = None


def may_read(channel: Channel, reader: Reader, zones: Mapping[str, ZoneRecord]) -> bool:
    """Whether the reader may read this channel now. `zones` are those of the channel's server."""
    if channel.pair is not None:
        return reader.member and reader.user_id in channel.pair
    if channel.zone_id is not None:
        zone = zones.get(channel.zone_id)
        if zone is None:
            return False
        return reader.zone_id == zone.id or (reader.member and zone.type != "PRIVATE")
    return reader.member


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a line was not taken, as its writer is told."""

    code: str
    message: str


def target(
    scope: KeptScope, to: str | None, writer: Reader, zones: Mapping[str, ZoneRecord]
) -> Channel | Refusal:
    """The channel that a line goes to. `to`: a zone (None: where the writer is) or a person.

    Writing is for those who may read. Whether the other one of a direct talk is a member is the caller's
    to find out.
    """
    if scope == "server":
        channel = SERVER
    elif scope == "zone":
        zone_id = to if to is not None else writer.zone_id
        if zone_id is None:
            return Refusal("no_zone", "you are in no zone; say it nearby or to everyone")
        channel = zone_channel(zone_id)
    else:
        if to is None or to == writer.user_id:
            return Refusal("no_person", "say who should read it")
        channel = direct_channel(writer.user_id, to)
    if may_read(channel, writer, zones):
        return channel
    if not writer.member:
        return Refusal("not_allowed", "a guest talks to the room")
    return Refusal("not_allowed", "you are not in that room")


def clean(text: str) -> str:
    """A line's text as it is told and kept: without control and direction characters and empty edges."""
    return _UNWANTED.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()[:MAX_TEXT_CHARS]


class LineIds:
    """Ids of lines that sort in the order in which they were said: time (ms), counter, randomness.

    `token` is 12 random hex digits, so that two nodes never give the same id.
    """

    def __init__(self) -> None:
        self._at = 0
        self._count = 0

    def next(self, at_ms: int, token: str) -> str:
        """The id of a line that is said now. A clock that is set back does not turn the order round."""
        if at_ms > self._at:
            self._at, self._count = at_ms, 0
        else:
            self._count += 1
            if self._count > 0xFFFF:
                self._at, self._count = self._at + 1, 0
        return f"{self._at:011x}{self._count:04x}{token}"


def first_id_at(at_ms: int) -> str:
    """What is below every id from this time (ms since 1970) on."""
    return f"{max(at_ms, 0):011x}"
