"""Who asks: the session cookie, the address, and whether they came by https.

The cookie is HttpOnly and SameSite=Lax; Secure whenever we know that browsers reach us by https.
Behind a reverse proxy the address and scheme are the proxy's, unless it is named as trusted.
"""

from __future__ import annotations

import ipaddress
from datetime import datetime

from aiohttp import web
from aiohttp.typedefs import Handler

from world.api.errors import ApiError
from world.api.services import Services, services
from world.storage.sessions import Login

COOKIE = "atrium_session"
LOGIN = web.RequestKey("login", object)


async def current_login(request: web.Request) -> Login | None:
    """Who is logged in here; looked up once a request."""
    if LOGIN not in request:
        token = request.cookies.get(COOKIE, "")
        request[LOGIN] = await services(request).sessions.find(token) if token else None
    login = request[LOGIN]
    return login if isinstance(login, Login) else None


async def require_login(request: web.Request) -> Login:
    """Who is logged in. Raises ApiError 401."""
    login = await current_login(request)
    if login is None:
        raise ApiError(401, "not_logged_in", "Log in first.")
    return login


def set_cookie(request: web.Request, response: web.StreamResponse, token: str, expires_at: datetime) -> None:
    """Give the browser its session."""
    max_age = max(0, int(expires_at.timestamp() - services(request).now()))
    response.set_cookie(
        COOKIE,
        token,
        max_age=max_age,
        path="/",
        httponly=True,
        samesite="Lax",
        secure=is_secure(request),
    )


def forget_cookie(request: web.Request, response: web.StreamResponse) -> None:
    """Take the session from the browser."""
    response.del_cookie(COOKIE, path="/", httponly=True, samesite="Lax", secure=is_secure(request))


@web.middleware
async def rolling_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Sends the cookie anew when the session's end was moved on."""
    response = await handler(request)
    login = request.get(LOGIN)
    unsent = not response.prepared and COOKIE not in response.cookies
    if isinstance(login, Login) and login.rolled and unsent:
        set_cookie(request, response, request.cookies[COOKIE], login.expires_at)
    return response


def client_address(request: web.Request) -> str:
    """The address that limits count: the peer's, or what a trusted proxy says of its own peer.

    An IPv6 client owns a /64: that is what is counted.
    """
    address = request.remote or "unknown"
    if _from_proxy(request):
        # The last entry is what the proxy itself saw; those before it are the client's claims.
        forwarded = request.headers.get("X-Forwarded-For", "").rsplit(",", 1)[-1].strip()
        address = forwarded or address
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False).network_address)
    return str(parsed)


def is_secure(request: web.Request) -> bool:
    """Whether browsers reach us by https."""
    public = services(request).public_url
    if public is not None:
        return public.startswith("https://")
    if _from_proxy(request):
        return request.headers.get("X-Forwarded-Proto", "").lower() == "https"
    return request.secure


def own_origin(request: web.Request) -> str:
    """`scheme://host[:port]` under which the browser knows us."""
    public = services(request).public_url
    if public is not None:
        return public
    return f"{'https' if is_secure(request) else 'http'}://{request.host}"


def _from_proxy(request: web.Request) -> bool:
    return _trusted(services(request), request.remote)


def _trusted(known: Services, remote: str | None) -> bool:
    if not known.trusted_proxies or remote is None:
        return False
    try:
        address = ipaddress.ip_address(remote)
    except ValueError:
        return False
    return any(address in ipaddress.ip_network(network) for network in known.trusted_proxies)


def limited(request: web.Request, allowed: bool, wait: float) -> None:
    """Raises ApiError 429 when the limit is reached; `wait` seconds until there is room again."""
    if not allowed:
        seconds = max(1, int(wait) + 1)
        raise ApiError(
            429,
            "too_many_requests",
            f"Too many attempts. Try again in {seconds} s.",
            headers={"Retry-After": str(seconds)},
        )
