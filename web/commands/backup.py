"""`atrium backup FILE` and `atrium restore FILE`: the data folder as one file, and back."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from web.commands.command import Command, failed, say
from web.settings import Settings


def arguments(parser: ArgumentParser) -> None:
    """The archive."""
    parser.add_argument("file", type=Path, metavar="FILE", help="the archive (.tar.gz)")


def _sqlite(settings: Settings) -> Path | None:
    """The SQLite database's file; None when the database is another program's."""
    from web.backup import DATABASE
    from world.storage.database import database_url

    if not settings.database_url:
        return settings.data / DATABASE
    url = database_url(settings.database_url)
    return Path(url.database or "") if url.get_backend_name() == "sqlite" else None


def run_backup(settings: Settings, given: Namespace) -> int:
    """Back up, also while it runs."""
    from web.backup import BackupError, back_up
    from world.storage.database import BadDatabase

    try:
        database = _sqlite(settings)
        held = back_up(settings.data, database, given.file.absolute())
    except (BackupError, BadDatabase) as error:
        return failed(str(error), 1)
    say(f"{given.file}: {', '.join(held)}")
    if database is None:
        say("The database is PostgreSQL's: back it up with pg_dump (docs/operating.md).")
    return 0


def run_restore(settings: Settings, given: Namespace) -> int:
    """Unpack into a folder that holds no installation."""
    from web.backup import BackupError, restore

    try:
        held = restore(settings.data, given.file)
    except BackupError as error:
        return failed(str(error), 1)
    say(f"{settings.data}: {', '.join(held) or 'no files'}")
    return 0


COMMANDS = (
    Command(
        "backup", "write database, secret and files into one archive, while it runs", run_backup, arguments
    ),
    Command("restore", "unpack such an archive into an empty data folder", run_restore, arguments),
)
