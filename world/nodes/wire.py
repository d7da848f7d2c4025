"""What world nodes say to each other about clients of one and spaces of another. Pure: msgpack on the Bus.

A gateway node and an owner have one stream for each space: it begins with number 0 and everything in it is
numbered, both ways, so that either side notices a hole. Then the gateway begins a new stream, with all its
clients of that space. Topics name the lease's epoch: what is meant for an earlier owner reaches nobody.
"""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec import Struct

from signaling.messages import MediaFlags, Role, Showing
from world.records import Known, Seat

# Edits and removals that concern every node.
NOTICES_TOPIC = "nodes"


def owner_topic(server_id: str, epoch: int) -> str:
    """Where the owner with this lease listens to gateways."""
    return f"space.{server_id}.owner.{epoch}"


def node_topic(node: str) -> str:
    """Where a gateway listens to owners."""
    return f"node.{node}"


class Came(Struct, array_like=True, tag=True, frozen=True):
    """A client to be seated: with `known` as it was, else as one who joins with `resume`."""

    socket: int
    seat: Seat
    resume: str | None
    known: Known | None


class Said(Struct, array_like=True, tag=True, frozen=True):
    """A client's message, checked by the gateway."""

    socket: int
    data: bytes


class Erred(Struct, array_like=True, tag=True, frozen=True):
    """A client sent something that is no message; the gateway has told it so."""

    socket: int
    code: str
    message: str
    ref: str | int | None


class Went(Struct, array_like=True, tag=True, frozen=True):
    """A client's connection ended. `back`: it was told to come back, and will within so many seconds."""

    socket: int
    back: float = 0.0


class Waits(Struct, array_like=True, tag=True, frozen=True):
    """Bytes that the gateway's clients have not taken; those who are not named have taken nearly all."""

    bytes: dict[int, int]


FromGateway = Came | Said | Erred | Went | Waits


class Up(Struct, array_like=True, frozen=True):
    """One batch of a gateway for an owner; without items it says that the gateway lives."""

    node: str
    stream: int
    number: int
    items: list[FromGateway]


class Seated(Struct, array_like=True, tag=True, frozen=True):
    """The client has its seat, under this media session, and so it is heard and hears."""

    socket: int
    session: str
    flags: MediaFlags
    watch: bool
    showing: Showing


class Write(Struct, array_like=True, tag=True, frozen=True):
    """WebSocket frames for all these clients."""

    sockets: list[int]
    data: bytes


class Finish(Struct, array_like=True, tag=True, frozen=True):
    """Nothing more comes for this client: close its socket. `code` is that of the `closing`."""

    socket: int
    code: str


FromOwner = Seated | Write | Finish


class Down(Struct, array_like=True, frozen=True):
    """One batch of an owner for a gateway; without items it says that the owner lives.

    `again`: the owner has lost the thread, begin a new stream. `left`: the owner gives the space up.
    """

    server_id: str
    epoch: int
    stream: int
    number: int
    items: list[FromOwner]
    again: bool = False
    left: bool = False


class Notice(Struct, array_like=True, frozen=True):
    """Something that the storage knows already and that concerns who is connected where."""

    node: str
    what: Literal[
        "zones_changed",
        "server_deleted",
        "remove_user",
        "remove_guest",
        "role_changed",
        "look_changed",
        "end_devices",
    ]
    server_id: str
    user_id: str = ""
    code: str = ""
    message: str = ""
    role: Role = "member"
    name: str = ""
    avatar: str = ""


class OpenDevice(Struct, array_like=True, tag=True, frozen=True):
    """Asked of the owner."""

    seat: Seat
    sdp: str
    direction: Literal["publish", "play"]


class CloseDevice(Struct, array_like=True, tag=True, frozen=True):
    """Asked of the owner."""

    resource: str
    user_id: str


class FindDevice(Struct, array_like=True, tag=True, frozen=True):
    """Asked of the owner: whether there is such a device."""

    resource: str
    user_id: str


class RemoveGuest(Struct, array_like=True, tag=True, frozen=True):
    """Asked of the owner."""

    user_id: str


class Answer(Struct, array_like=True, frozen=True):
    """The owner's. `code` is empty when it was done."""

    resource: str = ""
    sdp: str = ""
    code: str = ""
    message: str = ""


encode = msgspec.msgpack.Encoder().encode
_up = msgspec.msgpack.Decoder(Up)
_down = msgspec.msgpack.Decoder(Down)
_notice = msgspec.msgpack.Decoder(Notice)
_ask = msgspec.msgpack.Decoder(OpenDevice | CloseDevice | FindDevice | RemoveGuest)
_reply = msgspec.msgpack.Decoder(Answer)

decode_up = _up.decode
decode_down = _down.decode
decode_notice = _notice.decode
decode_ask = _ask.decode
decode_answer = _reply.decode
