"""Bytes to messages and back: the one place where the wire form of anything is decided.

JSON through msgspec. Decoding is strict (types, bounds, finite numbers); what does not fit raises
`BadMessage` with a code that clients can act on. Unknown fields are ignored, so that a client one
release ahead still works.
"""

from __future__ import annotations

import msgspec

from signaling import control, messages

_client: msgspec.json.Decoder[messages.AnyClientMessage] = msgspec.json.Decoder(messages.AnyClientMessage)
_server: msgspec.json.Decoder[messages.AnyServerMessage] = msgspec.json.Decoder(messages.AnyServerMessage)
_command: msgspec.json.Decoder[control.Command] = msgspec.json.Decoder(control.Command)
_reply: msgspec.json.Decoder[control.Reply] = msgspec.json.Decoder(control.Reply)
_event: msgspec.json.Decoder[control.Event] = msgspec.json.Decoder(control.Event)
_encoder = msgspec.json.Encoder()


class _Head(msgspec.Struct):
    """Only what is needed to say which message was wrong."""

    type: str
    seq: int | None = None


_head = msgspec.json.Decoder(_Head)
_CLIENT_TYPES = frozenset(str(kind.__struct_config__.tag) for kind in messages.AnyClientMessage.__args__)
_ALIASES = {f'"{old}"'.encode(): f'"{new}"'.encode() for old, new in messages.CLIENT_ALIASES.items()}


class BadMessage(Exception):
    """A message that cannot be taken. `code`: too_large, bad_json, unknown_type, bad_fields."""

    def __init__(self, code: str, message: str, ref: str | int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.ref = ref


def decode_client(data: bytes | str) -> messages.AnyClientMessage:
    """The client message in `data` (one JSON object).

    Raises:
        BadMessage: it is too large, not JSON, of unknown type, or its fields do not fit.
    """
    raw = data.encode("utf-8", "replace") if isinstance(data, str) else data
    if len(raw) > messages.MAX_FRAME_BYTES:
        raise BadMessage("too_large", f"a message has at most {messages.MAX_FRAME_BYTES} bytes")
    try:
        return _client.decode(raw)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        return _second_look(raw, error)


def _second_look(raw: bytes, error: Exception) -> messages.AnyClientMessage:
    """An alias, or the exact reason why not. Off the fast path: only refused messages come here."""
    try:
        head = _head.decode(raw)
    except msgspec.ValidationError:
        raise BadMessage("bad_fields", "a message is an object with a string field `type`") from error
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise BadMessage("bad_json", "that is not JSON") from error
    if head.type in messages.CLIENT_ALIASES:
        old = f'"{head.type}"'.encode()
        try:
            return _client.decode(raw.replace(old, _ALIASES[old], 1))
        except (msgspec.DecodeError, RecursionError) as again:
            raise BadMessage("bad_fields", str(again), head.type) from again
    if head.type not in _CLIENT_TYPES:
        raise BadMessage("unknown_type", f"no message has the type {head.type[:40]!r}", head.type[:40])
    raise BadMessage("bad_fields", str(error), head.seq if head.seq is not None else head.type) from error


def decode_server(data: bytes | str) -> messages.AnyServerMessage:
    """The server message in `data` (for clients written in Python: tests, load generators)."""
    return _server.decode(data)


def encode(message: messages.Message) -> bytes:
    """The wire form of any client or server message."""
    return _encoder.encode(message)


def decode_command(data: bytes) -> control.Command:
    """The command in `data`. Raises msgspec.DecodeError when it is none (a version that we do not speak)."""
    return _command.decode(data)


def decode_reply(data: bytes) -> control.Reply:
    """The reply in `data`. Raises msgspec.DecodeError."""
    return _reply.decode(data)


def decode_event(data: bytes) -> control.Event:
    """The event in `data`. Raises msgspec.DecodeError."""
    return _event.decode(data)


def encode_control(message: control.Control) -> bytes:
    """The wire form of a command, reply or event."""
    return _encoder.encode(message)
