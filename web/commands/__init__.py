"""The commands of `atrium`, a file each.

A command's file is imported for `atrium --help`, so it imports nothing heavy at its top: what it needs
comes in where it runs. `settings` are read before a command runs, and their flags belong to every command.
"""

from __future__ import annotations

from web.commands import backup, bench, config, doctor, drain, load, migrate, password, serve, top
from web.commands.command import Command

COMMANDS: dict[str, Command] = {
    command.name: command
    for command in (
        *serve.COMMANDS,
        migrate.COMMAND,
        *backup.COMMANDS,
        password.COMMAND,
        config.COMMAND,
        doctor.COMMAND,
        drain.COMMAND,
        top.COMMAND,
        bench.COMMAND,
        load.COMMAND,
    )
}
