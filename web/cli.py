"""The command `atrium`: its arguments and settings; the commands themselves are `web.commands`.

Exit codes: 0 ended as asked, 1 could not start or found what must be mended (one line says why), 2 a setting
or an argument is wrong.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from web.commands import COMMANDS
from web.commands.command import failed
from web.settings import SETTINGS, SettingsError, load


def parser() -> argparse.ArgumentParser:
    """The command line."""
    root = argparse.ArgumentParser(prog="atrium", description="AtriumVerse: servers that you walk through.")
    commands = root.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS.values():
        sub = commands.add_parser(command.name, help=command.words, description=command.words)
        command.arguments(sub)
        settings = sub.add_argument_group("settings", "docs/settings.md explains them")
        settings.add_argument("--config", metavar="FILE", help="TOML file of settings (ATRIUM_CONFIG)")
        for setting in SETTINGS:
            text = f"{setting.doc} ({setting.env})".replace("%", "%%")
            settings.add_argument(setting.flag, dest=setting.name, metavar="VALUE", help=text)
    return root


def main(arguments: Sequence[str] | None = None) -> None:
    """The entry point. Ends the process with its exit code."""
    sys.exit(_main(arguments))


def _main(arguments: Sequence[str] | None) -> int:
    given = parser().parse_args(arguments)
    names = {"config", *(setting.name for setting in SETTINGS)}
    try:
        settings = load({name: text for name, text in vars(given).items() if name in names}, os.environ)
    except SettingsError as error:
        return failed(str(error), 2)
    return COMMANDS[given.command].run(settings, given)


if __name__ == "__main__":
    main()
