"""The refusal of a seat, as the gateway tells it to a client before it closes the socket."""

from __future__ import annotations


class Refused(Exception):
    """No seat. `code` for programs, `message` for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
