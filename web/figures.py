"""`/metrics` for Prometheus, and who may read it: figures tell strangers who talks when, and how much.

On the public port it is for programs of this machine that come directly, and for whoever shows the token.
On a port of its own it is for whoever reaches that port, and with a token for its bearers only.
"""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Mapping

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from web.settings import Settings

# A reverse proxy on this machine comes from loopback too: what it passes on is not of this machine.
PASSED_ON = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Via")
REFUSED = "Read metrics from this machine, with ATRIUM_METRICS_TOKEN, or on ATRIUM_METRICS_PORT.\n"


def may_read(remote: str | None, headers: Mapping[str, str], token: str, *, own_port: bool) -> bool:
    """Whether this request may see the figures."""
    if token:
        shown = headers.get("Authorization", "")
        if hmac.compare_digest(shown.encode(), f"Bearer {token}".encode()):
            return True
        if own_port:
            return False
    return own_port or (_is_loopback(remote) and not any(name in headers for name in PASSED_ON))


def _is_loopback(remote: str | None) -> bool:
    try:
        address = ipaddress.ip_address(remote or "")
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def add_figures(app: web.Application, registry: CollectorRegistry, token: str, *, own_port: bool) -> None:
    """Serve `/metrics` on `app`."""

    async def metrics(request: web.Request) -> web.Response:
        if not may_read(request.remote, request.headers, token, own_port=own_port):
            return web.Response(status=403, text=REFUSED)
        return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app.router.add_get("/metrics", metrics)


def figures_app(registry: CollectorRegistry, token: str) -> web.Application:
    """The application of a port for figures alone."""
    app = web.Application()
    add_figures(app, registry, token, own_port=True)
    return app


def public_token(settings: Settings) -> str | None:
    """For the public port; None when the figures are not there."""
    return settings.metrics_token if settings.metrics_port is None else None
