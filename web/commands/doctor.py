"""`atrium doctor`: looks at everything that an installation needs, and says what to do."""

from __future__ import annotations

import asyncio
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

    from web.doctor import machine, ports, services
    from web.doctor.finding import Finding, as_builtins, as_text, exit_code

    # What a part says of its own troubles is in the findings.
    logging.disable(logging.CRITICAL)

    async def look() -> list[Finding]:
        network, others = await asyncio.gather(ports.checks(settings), services.checks(settings))
        return [*machine.checks(settings), *network, *others]

    findings = run_async(look())
    print(json.dumps(as_builtins(findings), ensure_ascii=False) if given.json else as_text(findings))
    return exit_code(findings)


COMMAND = Command(
    "doctor", "check ports, addresses, clocks, services and limits, and say what to do", run, arguments
)
