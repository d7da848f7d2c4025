"""`atrium migrate`: the database as this release wants it, and nothing started."""

from __future__ import annotations

from argparse import Namespace

from web.commands.command import Command, failed, run_async, say
from web.settings import Settings


def run(settings: Settings, arguments: Namespace) -> int:
    """Migrate, and say which database."""
    from web.logs import log_to_stderr
    from web.starting import StartError

    log_to_stderr(settings.log_level, settings.log_format)
    try:
        run_async(_migrate(settings))
    except StartError as error:
        return failed(str(error), 1)
    return 0


async def _migrate(settings: Settings) -> None:
    from web.starting import open_database

    database = await open_database(settings)
    say(f"{database.url.render_as_string(hide_password=True)} is up to date")
    await database.close()


COMMAND = Command("migrate", "bring the database to this release's form, and end", run)
