"""A full ICE agent's checks, made by hand: so that tests can make them wrong in every way.

The codec is aioice's, not the one under test.
"""

from __future__ import annotations

import os

from aioice import stun

PRIORITY = 1845501695


def check(
    ufrag: str,
    password: str,
    *,
    nominate: bool = True,
    remote: str = "peer",
    controlled: bool = False,
    transaction: bytes | None = None,
) -> bytes:
    """A Binding request for `ufrag`, signed with `password`."""
    message = stun.Message(
        message_method=stun.Method.BINDING,
        message_class=stun.Class.REQUEST,
        transaction_id=transaction or os.urandom(12),
    )
    message.attributes["USERNAME"] = f"{ufrag}:{remote}"
    message.attributes["PRIORITY"] = PRIORITY
    message.attributes["ICE-CONTROLLED" if controlled else "ICE-CONTROLLING"] = 7
    if nominate:
        message.attributes["USE-CANDIDATE"] = None
    message.add_message_integrity(password.encode())
    return bytes(message)


def unsigned(ufrag: str, *, fingerprint: bool = True) -> bytes:
    """A Binding request without MESSAGE-INTEGRITY."""
    message = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.REQUEST)
    message.attributes["USERNAME"] = f"{ufrag}:peer"
    message.attributes["PRIORITY"] = PRIORITY
    if fingerprint:
        message.add_fingerprint()
    return bytes(message)


def parse(data: bytes, password: str | None = None) -> stun.Message:
    """A reply; with `password` its MESSAGE-INTEGRITY has to be right (else ValueError)."""
    message = stun.parse_message(data)
    if password is not None and not message.check_message_integrity(password.encode()):
        raise ValueError("the reply's MESSAGE-INTEGRITY is wrong")
    return message
