"""Refuses requests that another site makes a browser send with its cookie (CSRF).

The rule, for every unsafe method of the API: browsers say where a request comes from
(`Sec-Fetch-Site`, W3C Fetch Metadata; `Origin`, RFC 6454), and it must be from here. A body must be
application/json, or application/octet-stream for a file: no foreign page can send those without asking
us first (CORS preflight), and we never agree. Programs that are no browsers send neither header; they
hold no cookie that a page could misuse, and still have to name such a type where they have a cookie.
WHIP and WHEP carry a bearer ticket instead of the cookie and are open to every origin.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler

from world.api.errors import ApiError
from world.api.identity import COOKIE, own_origin

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def same_origin(request: web.Request) -> bool:
    """Whether this comes from our own pages, as far as the request says; True when it says nothing."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = request.headers.get("Origin")
    if origin is None:
        return True
    return origin_matches(request, origin)


def socket_origin(request: web.Request) -> bool:
    """Whether a WebSocket may be opened: by `Origin` alone, which every browser sends there (RFC 6455
    §10.2); what `Sec-Fetch-Site` says of `ws:` against `http:` differs between them."""
    origin = request.headers.get("Origin")
    return origin is None or origin_matches(request, origin)


def origin_matches(request: web.Request, origin: str) -> bool:
    """Whether `origin` is one of ours: the public URL, or the host that was asked."""
    if origin == own_origin(request):
        return True
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    # A proxy that ends TLS and is not named as trusted hides the scheme from us, not the host.
    return parts.scheme in {"http", "https"} and parts.netloc.lower() == request.host.lower()


@web.middleware
async def origin_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Applies the rule to `/api/`."""
    if request.method in SAFE or not request.path.startswith("/api/"):
        return await handler(request)
    if not same_origin(request):
        raise ApiError(403, "cross_site", "This request comes from another site.")
    # Said, not assumed: a body without a type is one that any page can send.
    told = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    file = told == "application/octet-stream" and request.can_read_body
    if COOKIE in request.cookies and told != "application/json" and not file:
        says_origin = "Sec-Fetch-Site" in request.headers or "Origin" in request.headers
        if request.can_read_body or not says_origin:
            raise ApiError(403, "cross_site", "Send application/json.")
    return await handler(request)
