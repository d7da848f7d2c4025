"""`atrium top`: nodes, workers, servers and people of a running installation, in the terminal."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace

from web.commands.command import Command, failed, run_async
from web.settings import Settings


def arguments(parser: ArgumentParser) -> None:
    """Where to look, and how."""
    parser.add_argument("--url", help="a world of the installation (default: this machine's)")
    parser.add_argument("--seconds", type=float, default=2.0, help="between two looks (default: 2)")
    parser.add_argument("--once", action="store_true", help="print once instead of drawing")
    parser.add_argument("--json", action="store_true", help="print once, as JSON")


def run(settings: Settings, given: Namespace) -> int:
    """Look with a ticket of the installation's own secret: whoever holds that may."""
    from web.addresses import printed_url
    from web.secret import FILE
    from web.top.watch import CannotLook, Looking, follow, once

    secret = settings.secret
    if not secret:
        try:
            secret = (settings.data / FILE).read_text("ascii").strip()
        except (OSError, UnicodeDecodeError):
            return failed(
                f"no secret: set ATRIUM_SECRET or ATRIUM_DATA as the running world has it ({settings.data})",
                1,
            )
    url = given.url or printed_url(settings.host, settings.port, "")
    drawn = sys.stdin.isatty() and sys.stdout.isatty() and not given.once and not given.json
    try:
        looking = Looking(url, secret)
        if drawn:
            run_async(follow(looking, max(0.5, given.seconds)))
        else:
            run_async(once(looking, given.seconds, given.json))
    except (CannotLook, ValueError) as error:
        return failed(str(error), 1)
    except KeyboardInterrupt:
        return 0
    return 0


COMMAND = Command("top", "show nodes, workers, servers and people of a running installation", run, arguments)
