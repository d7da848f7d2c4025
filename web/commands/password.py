"""`atrium password NAME`: a new password for an account whose own is forgotten, or known to others.

There is no mail here that could bring a link, so whoever runs the place gives it: made by us and printed
once, or with `--ask` typed (or piped in). Every login of the account ends with it.
"""

from __future__ import annotations

import secrets
import sys
from argparse import ArgumentParser, Namespace

from web.commands.command import Command, failed, run_async, say
from web.settings import Settings

# Lower case, without letters and digits that are taken for each other: 32 signs, 16 of them are 80 bits.
SIGNS = "abcdefghijkmnpqrstuvwxyz23456789"
GROUPS, GROUP_SIGNS = 4, 4
MAX_LINE = 4096


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="the username")
    parser.add_argument(
        "--ask",
        action="store_true",
        help="ask for the password (or read a line of stdin), instead of making one",
    )


def _run(settings: Settings, given: Namespace) -> int:
    from web.starting import StartError
    from world.storage.names import BadField

    try:
        password = _asked() if given.ask else made()
        name = run_async(_set(settings, given.name, password))
    except BadField as error:
        return failed(error.message, 2)
    except (StartError, LookupError) as error:
        return failed(str(error), 1)
    except (EOFError, KeyboardInterrupt):
        return failed("no password was given: nothing is changed", 1)
    say(f"{name} has a new password" + ("" if given.ask else f": {password}"))
    say("Every login of this account has ended; what is open somewhere stays so until it is left.")
    return 0


def made() -> str:
    """A password that nobody has guessed, and that can be read out over a telephone."""
    return "-".join("".join(secrets.choice(SIGNS) for _ in range(GROUP_SIGNS)) for _ in range(GROUPS))


def _asked() -> str:
    """From the terminal, twice; else a line of what is piped in. Raises BadField, EOFError."""
    from getpass import getpass

    from world.storage import names

    if not sys.stdin.isatty():
        return names.password(sys.stdin.readline(MAX_LINE).rstrip("\r\n"))
    password = names.password(getpass("New password: "))
    if getpass("Once more: ") != password:
        raise names.BadField("password", "These are two passwords: nothing is changed.")
    return password


async def _set(settings: Settings, name: str, password: str) -> str:
    """Set it, and end all logins. Returns the username as it is written.

    Raises StartError, BadField; LookupError where nobody has this name, or has changed it meanwhile.
    """
    from web.starting import StartError, open_database
    from world.storage.passwords import Passwords
    from world.storage.sessions import SessionStore
    from world.storage.users import UserStore

    if not settings.database_url and not (settings.data / "atrium.db").exists():
        raise StartError(
            f"there is no database in {settings.data}: set ATRIUM_DATA to the installation's folder"
        )
    database, passwords = await open_database(settings), Passwords()
    try:
        users = UserStore(database, passwords)
        found = await users.named(name)
        if found is None:
            raise LookupError(f"there is no account {name}")
        if not await users.set_password(found, password):
            raise LookupError(f"{name} has changed the password at this very moment: try again")
        await SessionStore(database).end_others(found.account.id)
    finally:
        passwords.close()
        await database.close()
    return found.account.username


COMMAND = Command("password", "give an account a new password and end its logins", _run, _arguments)
