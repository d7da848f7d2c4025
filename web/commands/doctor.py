"""`atrium doctor`: looks at everything that an installation needs, and says what to do."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace

from web.commands.command import Command, run_async
from web.settings import Settings


def arguments(parser: ArgumentParser) -> None:
    """`--json`."""
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")


def run(settings: Settings, given: Namespace) -> int:
    """Check, print, and tell by the exit code whether something must be mended."""
    import logging

    from web.doctor.finding import as_builtins, as_text, exit_code
    from web.doctor.look import look

    # What a part says of its own troubles is in the findings.
    logging.disable(logging.CRITICAL)

    findings = run_async(look(settings))
    print(json.dumps(as_builtins(findings), ensure_ascii=False) if given.json else as_text(findings))
    return exit_code(findings)


COMMAND = Command(
    "doctor", "check ports, addresses, clocks, services and limits, and say what to do", run, arguments
)
