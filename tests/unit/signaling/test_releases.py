"""One release apart still understands each other: every message that the last release could say, recorded.

Unknown fields are ignored on every side, so two things make a rolling restart work: what the last release
says is understood today, and what is said today carries everything that the last release looks for, under
the same names. A recorded message that fails here is a change that breaks a running installation's restart.
After a release the set of the new one is recorded beside, and the older one goes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from signaling import codec

RECORDED = Path(__file__).with_name("recorded")
DECODERS: dict[str, msgspec.json.Decoder[Any]] = {
    "client": codec._client,
    "server": codec._server,
    "command": codec._command,
    "reply": codec._reply,
    "event": codec._event,
}
MESSAGES = [
    pytest.param(kind, message, id=f"{release.stem} {kind} {message['type']}")
    for release in sorted(RECORDED.glob("*.json"))
    for kind, messages in json.loads(release.read_text()).items()
    for message in messages
]


def carries(now: Any, before: Any) -> bool:
    """Whether `now` has everything that `before` has, at the same places."""
    if isinstance(before, dict):
        return isinstance(now, dict) and all(
            name in now and carries(now[name], value) for name, value in before.items()
        )
    if isinstance(before, list):
        return isinstance(now, list) and all(carries(n, b) for n, b in zip(now, before, strict=False))
    return bool(now == before)


@pytest.mark.parametrize(("kind", "message"), MESSAGES)
def test_what_the_last_release_says_is_understood_and_what_it_looks_for_is_said(
    kind: str, message: dict[str, Any]
) -> None:
    today = DECODERS[kind].decode(json.dumps(message))
    assert carries(json.loads(codec.encode(today)), message)


@pytest.mark.parametrize(("kind", "message"), MESSAGES)
def test_what_a_later_release_says_besides_is_ignored(kind: str, message: dict[str, Any]) -> None:
    decode = DECODERS[kind].decode
    later = {**message, "moon": {"phase": [1, 2]}, "tide": None}
    assert decode(json.dumps(later)) == decode(json.dumps(message))


def test_every_kind_of_message_is_recorded() -> None:
    assert {param.values[0] for param in MESSAGES} == set(DECODERS)
    assert len(MESSAGES) > 40
