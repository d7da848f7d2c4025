from __future__ import annotations

import base64
import json

import jwt
import pytest

from signaling.tickets import (
    BadTicket,
    MediaTicket,
    ResumeTicket,
    SeatTicket,
    Tickets,
    new_meeting_id,
    turn_credentials,
)

NOW = 1_800_000_000.0
SEAT = SeatTicket("server", "room", "guest-1", "Ada", "", "guest", "guest", "meeting")
tickets = Tickets("s" * 32)


def code_of(kind: type[SeatTicket], token: str, now: float = NOW) -> str:
    with pytest.raises(BadTicket) as caught:
        tickets.read(kind, token, now)
    return caught.value.code


def test_a_ticket_says_what_was_issued_until_it_expires() -> None:
    token = tickets.issue(SEAT, 60, NOW)
    assert tickets.read_until(SeatTicket, token, NOW + 59) == (SEAT, NOW + 60)
    assert code_of(SeatTicket, token, NOW + 60) == "ticket_expired"


def test_a_ticket_opens_nothing_of_another_kind() -> None:
    resume = tickets.issue(ResumeTicket("server", "guest-1", "x"), 60, NOW)
    media = tickets.issue(MediaTicket("server", "room", "u", "n", True, True), 60, NOW)
    assert code_of(SeatTicket, resume) == "ticket_invalid"
    assert code_of(SeatTicket, media) == "ticket_invalid"


def test_another_secret_an_altered_body_and_alg_none_are_refused() -> None:
    token = tickets.issue(SEAT, 60, NOW)
    assert code_of(SeatTicket, Tickets("t" * 32).issue(SEAT, 60, NOW)) == "ticket_invalid"
    head, body, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    claims["zone_id"] = "another"
    forged = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    assert code_of(SeatTicket, f"{head}.{forged}.{signature}") == "ticket_invalid"
    unsigned = jwt.encode(claims, "", algorithm="none")
    assert code_of(SeatTicket, unsigned) == "ticket_invalid"
    stronger = jwt.encode(claims, "s" * 64, algorithm="HS512")
    assert code_of(SeatTicket, stronger) == "ticket_invalid"


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "." * 50, "\x00", "é.é.é"])
def test_garbage_is_refused(token: str) -> None:
    assert code_of(SeatTicket, token) == "ticket_invalid"


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="32"):
        Tickets("short")


def test_meeting_ids_are_long_and_never_the_same() -> None:
    ids = {new_meeting_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert all(len(base64.urlsafe_b64decode(i)) * 8 >= 128 for i in ids)


def test_turn_credentials_are_the_known_answer() -> None:
    # HMAC-SHA1 of "1800000060:ada" with key "north", computed with `openssl dgst -sha1 -hmac north -binary`.
    username, credential = turn_credentials("north", "ada", 60, NOW)
    assert username == "1800000060:ada"
    assert credential == "lVdDikInJ20DQGn6R7CDFMCFQlU="
