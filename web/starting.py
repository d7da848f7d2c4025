"""What can be wrong at the start, said in one line: ports, folders, the secret, the database.

Whatever a person can get wrong (a busy port, a folder that cannot be written, a database that does not
answer) raises `StartError`.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from web.secret import BadSecret, kept_secret
from web.settings import Settings
from world.storage.database import BadDatabase, Database
from world.storage.migrate import UnknownRevision, upgrade

# How long one part may take to end (seconds).
PART_SECONDS = 1.0
BACKLOG = 1024

log = logging.getLogger("atrium")


class StartError(Exception):
    """Why we cannot start, in one line."""


async def open_database(settings: Settings) -> Database:
    """The database of the settings, migrated. Raises StartError."""
    url = settings.database_url or f"sqlite:///{data_folder(settings) / 'atrium.db'}"
    try:
        database = Database(url)
    except BadDatabase as error:
        raise StartError(str(error)) from None
    except OSError as error:
        raise StartError(f"the database's folder cannot be made: {error}") from error
    try:
        await upgrade(database)
    except Exception as error:
        await database.close()
        if isinstance(error, UnknownRevision):
            raise StartError(str(error)) from None
        # The drivers' own errors have no common root with SQLAlchemy's.
        drivers = type(error).__module__.startswith(("asyncpg", "sqlite3", "alembic"))
        if not drivers and not isinstance(error, SQLAlchemyError | OSError | TimeoutError):
            raise
        where = database.url.render_as_string(hide_password=True)
        reason = str(error.__cause__ or error).strip().splitlines() or [type(error).__name__]
        raise StartError(f"the database {where} cannot be used: {reason[0]}") from error
    return database


def data_folder(settings: Settings) -> Path:
    """The data folder, made if need be and tried. Raises StartError."""
    folder = settings.data
    try:
        folder.mkdir(parents=True, exist_ok=True)
        trial = folder / f".trial-{os.getpid()}"
        trial.touch()
        trial.unlink()
    except OSError as error:
        raise StartError(
            f"the data folder {folder} cannot be written ({error.strerror}): set ATRIUM_DATA to another one"
        ) from error
    return folder


def signing_secret(settings: Settings) -> str:
    """What signs tickets. Raises StartError."""
    if settings.secret:
        return settings.secret
    folder = data_folder(settings)
    try:
        return kept_secret(folder)
    except BadSecret as error:
        raise StartError(str(error)) from None
    except OSError as error:
        raise StartError(f"the secret in {folder} cannot be read or made: {error.strerror}") from error


def listen(
    host: str, port: int, port_env: str = "ATRIUM_PORT", host_env: str = "ATRIUM_HOST"
) -> socket.socket:
    """A bound TCP socket. Raises StartError."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise StartError(f"{host} is no address of this machine ({host_env}): {error.strerror}") from error
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        # With SO_REUSEADDR two can bind one port; the second is refused when it listens.
        listening.listen(BACKLOG)
        listening.setblocking(False)
    except OSError as error:
        listening.close()
        raise StartError(port_error(error, "TCP", host, port, port_env, host_env)) from error
    return listening


def port_error(error: OSError, kind: str, host: str, port: int, port_env: str, host_env: str) -> str:
    """Why a port cannot be had, and what to do."""
    if error.errno == errno.EADDRINUSE:
        return f"{kind} port {port} on {host} is in use: stop what uses it, or set {port_env} to another one"
    if error.errno == errno.EACCES:
        return f"{kind} port {port} on {host} is not allowed to us: set {port_env} to one above 1023"
    reason = error.strerror or str(error)
    return f"{kind} port {port} cannot be opened on {host} ({reason}): check {host_env} and {port_env}"


def at_end(stack: AsyncExitStack, name: str, close: Callable[[], Awaitable[object]]) -> None:
    """End this part when the stack is unwound; one that hangs or fails does not keep the others."""

    async def end() -> None:
        try:
            async with asyncio.timeout(PART_SECONDS):
                await close()
        except TimeoutError:
            log.warning("%s did not end in time", name)
        except Exception:
            log.exception("%s did not end cleanly", name)

    stack.push_async_callback(end)
