"""The command `atrium`: serve, world, worker, migrate, config.

Exit codes: 0 ended as asked, 1 could not start (one line says why), 2 a setting or an argument is wrong.
What is heavy is imported by the command that needs it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from web.settings import SETTINGS, Settings, SettingsError, load, shown

COMMANDS = {
    "serve": "world and media worker in one process",
    "world": "pages, API and world only; media workers are reached through REDIS_URL",
    "worker": "a media worker only; the world is reached through REDIS_URL",
    "migrate": "bring the database to this release's form, and end",
    "config": "print every setting with where it comes from, and end",
}


def parser() -> argparse.ArgumentParser:
    """The command line."""
    root = argparse.ArgumentParser(prog="atrium", description="AtriumVerse: servers that you walk through.")
    commands = root.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, words in COMMANDS.items():
        command = commands.add_parser(name, help=words, description=words)
        command.add_argument("--config", metavar="FILE", help="TOML file of settings (ATRIUM_CONFIG)")
        for setting in SETTINGS:
            text = f"{setting.doc} ({setting.env})".replace("%", "%%")
            command.add_argument(setting.flag, dest=setting.name, metavar="VALUE", help=text)
    return root


def main(arguments: Sequence[str] | None = None) -> None:
    """The entry point. Ends the process with its exit code."""
    sys.exit(_main(arguments))


def _main(arguments: Sequence[str] | None) -> int:
    flags = vars(parser().parse_args(arguments))
    command = flags.pop("command")
    try:
        settings = load(flags, os.environ)
        if command in {"world", "worker"} and not settings.redis_url:
            raise SettingsError(f"atrium {command} needs REDIS_URL: it and the others meet there")
    except SettingsError as error:
        return _failed(str(error), 2)
    if command == "config":
        return _print_config(settings)
    _log_to_stderr(settings.log_level)
    if command == "migrate":
        return _run(_migrate(settings))
    return _run(_serve(settings, world=command != "worker", worker=command != "world"))


def _failed(message: str, code: int) -> int:
    print(f"atrium: {message}", file=sys.stderr)
    return code


def _print_config(settings: Settings) -> int:
    rows = shown(settings)
    names, values = (max(len(row[column]) for row in rows) for column in (0, 1))
    for name, value, source in rows:
        print(f"{name:<{names}} = {value:<{values}}  # {source}")
    return 0


def _log_to_stderr(level: str) -> None:
    logging.basicConfig(
        level=level.upper(), format="%(asctime)s %(levelname)-7s %(name)s: %(message)s", stream=sys.stderr
    )
    # What others log for their own debugging is not ours to show.
    for name in ("aioice", "aiortc", "aiosqlite", "asyncio", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _run(work: Coroutine[Any, Any, None]) -> int:
    """Run, on uvloop where there is one. Returns the exit code."""
    from web.compose import StartError
    from world.collector import calm_collector

    calm_collector()
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(work)
    except StartError as error:
        return _failed(str(error), 1)
    except KeyboardInterrupt:
        return 130
    return 0


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        from uvloop import new_event_loop
    except ImportError:
        return None
    return new_event_loop


async def _serve(settings: Settings, *, world: bool, worker: bool) -> None:
    from web.compose import run

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, stop.set)
    await run(settings, world=world, worker=worker, stop=stop, say=_say)


def _say(line: str) -> None:
    print(line, flush=True)


async def _migrate(settings: Settings) -> None:
    from web.compose import open_database

    database = await open_database(settings)
    print(f"{database.url.render_as_string(hide_password=True)} is up to date", flush=True)
    await database.close()


if __name__ == "__main__":
    main()
