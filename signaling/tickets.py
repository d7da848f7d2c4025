"""Signed proofs that travel through clients: tickets, meeting links, TURN credentials.

Tickets are JWTs (HS256 and nothing else; `alg` is never read from the token). Each kind has its own
audience, so a ticket for one thing opens nothing else. Whoever holds the secret can make them; the
world and its workers share it. Time is a parameter (seconds since 1970).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from typing import ClassVar, TypeVar

import jwt
import msgspec

from signaling.messages import Presence, Role

_ALGORITHM = "HS256"
MIN_SECRET_CHARS = 32


class BadTicket(Exception):
    """A ticket that opens nothing. `code`: ticket_expired or ticket_invalid."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class SeatTicket(msgspec.Struct, frozen=True):
    """A seat in the room of a meeting link, for a guest or a member."""

    audience: ClassVar[str] = "atrium/seat"
    server_id: str
    zone_id: str
    user_id: str
    name: str
    avatar: str
    presence: Presence
    role: Role
    # The link that was followed: rotating it ends the tickets that came from it.
    meeting_id: str


class MediaTicket(msgspec.Struct, frozen=True):
    """The right to publish into (WHIP) or play from (WHEP) a zone, standing at (x, y) if given.

    `password` marks the password that its owner had: with another one the ticket ends.
    """

    audience: ClassVar[str] = "atrium/media"
    server_id: str
    zone_id: str
    user_id: str
    name: str
    publish: bool
    play: bool
    x: float | None = None
    y: float | None = None
    password: str = ""


class ResumeTicket(msgspec.Struct, frozen=True):
    """The right to take back one's own seat after a lost connection.

    `mic`, `camera` and `watch` are as the seat was when the ticket was made, for a world process that does
    not remember it. A shared screen is not in it: no page can share one again by itself. They count for those
    who were here a moment ago: whom the owner before has left in the position store, or, where it stopped in
    order and told them so, until `kept_until` (seconds since 1970).
    """

    audience: ClassVar[str] = "atrium/resume"
    server_id: str
    user_id: str
    session: str
    mic: bool = False
    camera: bool = False
    watch: bool = True
    kept_until: float = 0.0


class AdminTicket(msgspec.Struct, frozen=True):
    """The right to look at the whole installation, for programs of those who hold its secret."""

    audience: ClassVar[str] = "atrium/admin"
    program: str


Claims = SeatTicket | MediaTicket | ResumeTicket | AdminTicket
C = TypeVar("C", SeatTicket, MediaTicket, ResumeTicket, AdminTicket)


class Tickets:
    """Issues and reads tickets with one secret (at least 32 characters)."""

    def __init__(self, secret: str) -> None:
        if len(secret) < MIN_SECRET_CHARS:
            raise ValueError(f"the secret needs at least {MIN_SECRET_CHARS} characters")
        self._secret = secret

    def issue(self, claims: Claims, ttl: float, now: float) -> str:
        """A ticket for `claims` that holds for `ttl` seconds from `now`."""
        body: dict[str, object] = msgspec.to_builtins(claims)
        body |= {"aud": claims.audience, "iat": int(now), "exp": now + ttl}
        return jwt.encode(body, self._secret, algorithm=_ALGORITHM)

    def read(self, kind: type[C], token: str, now: float) -> C:
        """What the ticket says.

        Raises:
            BadTicket: not ours, altered, of another kind, or expired.
        """
        return self.read_until(kind, token, now)[0]

    def read_until(self, kind: type[C], token: str, now: float) -> tuple[C, float]:
        """What the ticket says, and the time (seconds since 1970) at which it ends."""
        try:
            body = jwt.decode(
                token,
                self._secret,
                algorithms=[_ALGORITHM],
                audience=kind.audience,
                # The clock is ours (a parameter), so the expiry is compared below.
                options={"require": ["exp", "aud"], "verify_exp": False, "verify_iat": False},
            )
            claims = msgspec.convert(body, kind)
            expires = float(body["exp"])
        except (jwt.InvalidTokenError, msgspec.ValidationError, ValueError, TypeError) as error:
            raise BadTicket("ticket_invalid", "this ticket is not valid here") from error
        if not now < expires:
            raise BadTicket("ticket_expired", "this ticket has expired; ask for a new one")
        return claims, expires


def new_meeting_id() -> str:
    """An unguessable id for a meeting link: 144 bits, URL-safe."""
    return secrets.token_urlsafe(18)


def new_session_id() -> str:
    """An unguessable id of one participant's media: 96 bits."""
    return secrets.token_hex(12)


def turn_credentials(secret: str, user: str, ttl: float, now: float) -> tuple[str, str]:
    """Time-limited TURN credentials: (username, credential).

    Source: draft-uberti-behave-turn-rest-00 §2.2, as coturn's `use-auth-secret` checks it.
    """
    username = f"{int(now + ttl)}:{user}"
    digest = hmac.new(secret.encode(), username.encode(), hashlib.sha1).digest()
    return username, base64.b64encode(digest).decode()
