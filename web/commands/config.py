"""`atrium config`: every setting, its value and where that comes from."""

from __future__ import annotations

from argparse import Namespace

from web.commands.command import Command
from web.settings import Settings, shown


def run(settings: Settings, arguments: Namespace) -> int:
    """Print the table; secrets are hidden."""
    rows = shown(settings)
    names, values = (max(len(row[column]) for row in rows) for column in (0, 1))
    for name, value, source in rows:
        print(f"{name:<{names}} = {value:<{values}}  # {source}")
    return 0


COMMAND = Command("config", "print every setting with where it comes from, and end", run)
