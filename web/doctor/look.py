"""Everything that is looked at, in the order in which it is told."""

from __future__ import annotations

import asyncio

from web.doctor import machine, ports, services
from web.doctor.finding import Finding
from web.settings import Settings


async def look(settings: Settings) -> list[Finding]:
    """The machine, its ports and addresses, and the services that the settings name."""
    network, others = await asyncio.gather(ports.checks(settings), services.checks(settings))
    return [*machine.checks(settings), *network, *others]
