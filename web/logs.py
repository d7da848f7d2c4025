"""Log lines on stderr, as text for people or as JSON for machines, without secrets.

A line carries the request and the session that it is about (`signaling.context`). What looks like a
credential is taken out of every line, whoever wrote it: tickets, cookies, passwords in URLs and in SDP.
That is the last net, not the rule; the rule is that nobody logs them.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Literal

from signaling.context import request_id, session_id

LogFormat = Literal["text", "json"]

TEXT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
# What others log for their own debugging is not ours to show.
NOISY = ("aioice", "aiortc", "aiosqlite", "asyncio", "alembic")
HIDDEN = "(hidden)"
# A line is for reading: what is longer was not meant for it.
MAX_LINE_CHARS = 16_384
_SECRETS = (
    # JSON Web Tokens: every ticket of ours is one.
    re.compile(r"eyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"),
    re.compile(r"(?<=atrium_session=)[^\s;,'\"]+"),
    re.compile(r"(?<=a=ice-pwd:)[^\s\\]+"),
    re.compile(r"(?<=://)(?P<user>[^\s/:@]*):[^\s/@]+(?=@)"),
    re.compile(r"(?i)(?<=bearer )[^\s,'\"]+"),
    re.compile(
        r"(?i)(?P<name>\"?\b(?:password|credential|secret|ticket|resume|token|meeting_id)\"?\s*[=:]\s*)"
        r"(?:\"[^\"]*\"|'[^']*'|[^\s,;}&]+)"
    ),
)


def without_secrets(line: str) -> str:
    """The line with everything hidden that looks like a credential."""
    for pattern in _SECRETS:
        line = pattern.sub(_hide, line)
    return line


def _hide(match: re.Match[str]) -> str:
    kept = match.groupdict()
    if "user" in kept:
        return f"{kept['user']}:{HIDDEN}"
    return f"{kept.get('name', '')}{HIDDEN}"


def _about() -> dict[str, str]:
    both = {"request": request_id.get(), "session": session_id.get()}
    return {name: value for name, value in both.items() if value}


class TextLines(logging.Formatter):
    """`time LEVEL name: words [request session]`."""

    def __init__(self) -> None:
        super().__init__(TEXT)

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        about = " ".join(f"{name}={value}" for name, value in _about().items())
        return without_secrets(f"{line} [{about}]" if about else line)[:MAX_LINE_CHARS]


class JsonLines(logging.Formatter):
    """One object a line: time (RFC 3339, UTC), level, logger, message; request, session and error where
    there are such."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self._clean(record.getMessage()),
        }
        line |= _about()
        if record.exc_info:
            line["error"] = self._clean(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)

    @staticmethod
    def _clean(text: str) -> str:
        return without_secrets(text)[:MAX_LINE_CHARS]


def log_to_stderr(level: str, form: LogFormat) -> None:
    """From now on everything of at least this level is written to stderr in this form."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if form == "json" else TextLines())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)
