"""The secret that signs tickets: given by a setting, or made once and kept in the data folder."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from signaling.tickets import MIN_SECRET_CHARS

FILE = "secret"


class BadSecret(Exception):
    """The kept secret cannot be used; the message says which file and why."""


def kept_secret(data: Path) -> str:
    """The secret of this data folder: made at first, mode 0600.

    Raises:
        OSError: the folder cannot be written, or the file not be read.
        BadSecret: the file is damaged, or others may read it.
    """
    file = data / FILE
    # Written whole beside it and linked: of two that start at once one wins, and nobody reads half.
    draft = data / f".{FILE}-{secrets.token_hex(6)}"
    if not file.exists():
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as out:
            out.write(secrets.token_urlsafe(48))
        try:
            os.link(draft, file)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    if file.stat().st_mode & 0o077:
        raise BadSecret(f"{file} can be read by others: chmod 600 it, and make a new one if they may have")
    secret = file.read_text("ascii", errors="replace").strip()
    if len(secret) < MIN_SECRET_CHARS:
        raise BadSecret(f"{file} is damaged: remove it, and a new secret is made (open tickets end)")
    return secret
