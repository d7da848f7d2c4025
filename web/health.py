"""`/healthz` (the process is alive) and `/readyz` (it can do its work).

Alive depends on nothing outside the process: a database or a Redis that is gone is no reason to be
restarted. Ready does.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

CHECK_SECONDS = 2.0
# Raises when the part does not work; what it raises is logged, its name is told.
Check = Callable[[], Awaitable[None]]

log = logging.getLogger("atrium.health")


def add_health(app: web.Application, checks: Mapping[str, Check]) -> None:
    """Add the two addresses to `app`."""

    async def healthz(request: web.Request) -> web.Response:
        return _plain({"alive": True})

    async def readyz(request: web.Request) -> web.Response:
        results = dict(
            zip(checks, await asyncio.gather(*(_passes(*item) for item in checks.items())), strict=True)
        )
        ready = all(results.values())
        return _plain({"ready": ready, "checks": results}, 200 if ready else 503)

    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)


async def _passes(name: str, check: Check) -> bool:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            await check()
    except Exception as error:
        log.warning("not ready: %s: %s: %s", name, type(error).__name__, error)
        return False
    return True


def _plain(body: dict[str, object], status: int = 200) -> web.Response:
    return web.json_response(body, status=status, headers={"Cache-Control": "no-store"})
