"""Why somebody gets no seat."""

from __future__ import annotations


class Refused(Exception):
    """No seat. `code` and `message` go to the client."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class NotHere(Exception):
    """Another node owns the space, or nobody knows yet who does."""
