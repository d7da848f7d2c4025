"""Log lines: what they are about, their two forms, and what never stands in them."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Iterator

import pytest

from signaling.context import about, request_id
from signaling.tickets import ResumeTicket, Tickets
from web.logs import JsonLines, TextLines

TICKET = Tickets("s" * 40).issue(ResumeTicket("server", "user", "session"), 60, time.time())
SECRETS = {
    "a ticket": (f"resume with {TICKET} failed", TICKET),
    "a session cookie": ("Cookie: theme=dark; atrium_session=Zm9vYmFyYmF6; lang=de", "Zm9vYmFyYmF6"),
    "an ICE password in SDP": (
        "a=ice-ufrag:ab\r\na=ice-pwd:0123456789abcdef01234567\r\n",
        "0123456789abcdef",
    ),
    "an escaped ICE password": (
        r"'a=ice-ufrag:ab\r\na=ice-pwd:0123456789abcdef01234567\r\n'",
        "0123456789abcdef",
    ),
    "a database password": ("postgresql://atrium:hunter2@db/atrium", "hunter2"),
    "a Redis password": ("redis://:hunter2@redis:6379/0", "hunter2"),
    "a bearer token": ("Authorization: Bearer abc.def", "abc.def"),
    "a password in JSON": ('{"username": "ada", "password": "correct horse"}', "correct horse"),
    "a TURN credential": ("IceServer(username='1:ada', credential='c2VjcmV0')", "c2VjcmV0"),
    "a meeting link": ("meeting_id=Q2xhdWRlIHdhcyBoZXJl&x=1", "Q2xhdWRl"),
}


def record(message: str, *arguments: object, error: bool = False) -> logging.LogRecord:
    return logging.LogRecord(
        "atrium.test", logging.INFO, __file__, 1, message, arguments, sys.exc_info() if error else None
    )


@pytest.fixture
def request_number() -> Iterator[str]:
    token = request_id.set("a1b2c3")
    yield "a1b2c3"
    request_id.reset(token)


def test_a_json_line_is_one_object_with_request_and_session(request_number: str) -> None:
    with about("0123456789abcdef"):
        text = JsonLines().format(record("joined %s\nand more", "Guild"))
    assert "\n" not in text
    line = json.loads(text)
    assert line["message"] == "joined Guild\nand more"
    assert (line["level"], line["logger"]) == ("info", "atrium.test")
    assert (line["request"], line["session"]) == (request_number, "01234567")
    assert line["time"].endswith("+00:00")


def test_what_a_line_is_not_about_is_left_out() -> None:
    line = json.loads(JsonLines().format(record("started")))
    assert set(line) == {"time", "level", "logger", "message"}
    assert TextLines().format(record("started")).endswith("atrium.test: started")


def test_a_text_line_ends_with_what_it_is_about(request_number: str) -> None:
    with about("0123456789abcdef"):
        line = TextLines().format(record("connected"))
    assert line.endswith("connected [request=a1b2c3 session=01234567]")


@pytest.mark.parametrize(("words", "secret"), SECRETS.values(), ids=SECRETS)
def test_no_secret_stands_in_a_line_whoever_wrote_it(words: str, secret: str) -> None:
    try:
        raise ValueError(words)
    except ValueError:
        for form in (TextLines(), JsonLines()):
            line = form.format(record("it failed: %s", words, error=True))
            assert secret not in line
            assert "(hidden)" in line


def test_what_is_no_secret_is_left_as_it_is() -> None:
    words = "GET /api/servers/{server_id} 200 1.5 ms postgresql://db/atrium token bucket is full"
    assert TextLines().format(record(words)).endswith(words)


def test_an_endless_line_is_cut() -> None:
    assert len(JsonLines().format(record("x" * 100_000))) < 20_000
