"""The identities of devices (WHIP publishers, WHEP players): made here, told apart here. Pure.

A device is a player of its own, so it needs a user id that nobody else has; the id says whose device
it is, so that its ticket ends with its owner's membership. It fits `signaling.messages.Id`.
"""

from __future__ import annotations

import secrets

# A streaming program is set up once and then started for many evenings.
TICKET_SECONDS = 7 * 24 * 3600.0
_PREFIX = "device-"
_UUID_CHARS = 36


def device_user_id(owner_id: str) -> str:
    """A new device of this user."""
    return f"{_PREFIX}{owner_id}-{secrets.token_hex(4)}"


def device_owner(user_id: str) -> str | None:
    """Whose device this is; None when it is none."""
    if not user_id.startswith(_PREFIX):
        return None
    return user_id[len(_PREFIX) : len(_PREFIX) + _UUID_CHARS]


def player_user_id(user_id: str) -> str:
    """The receiving half of a device: a player beside the publishing one, so that neither replaces
    the other when one ticket does both."""
    return f"{user_id}-play"
