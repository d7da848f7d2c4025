from __future__ import annotations

from pathlib import Path

from signaling.typescript import render

CLIENT = Path(__file__).resolve().parents[3] / "web" / "client" / "net" / "messages.ts"


def test_the_client_speaks_the_messages_of_today() -> None:
    assert CLIENT.read_text() == render(), "run `make types`"
