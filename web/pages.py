"""The pages: who may see which, and what each one knows when it opens.

A page is a template and `page`, a dict that the template writes into
`<script type="application/json" id="page">`; everything else the browser asks the API for.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from aiohttp import web
from aiohttp.typedefs import Handler
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from web import language
from world.api.admin import is_admin
from world.api.errors import API_PREFIXES, OUT_OF_REACH
from world.api.identity import current_login
from world.api.origin import same_origin
from world.api.services import services
from world.storage.servers import StorageRefused
from world.storage.sessions import Login

TEMPLATES = Path(__file__).parent / "templates"
# Statuses with words of their own in the catalogues (`page_error.404.title`).
EXPLAINED = (403, 404, 405, 500, 503)

log = logging.getLogger("atrium.pages")


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render(
    request: web.Request, template: str, page: Mapping[str, Any], status: int = 200, **words: object
) -> web.Response:
    """A page as the answer, in the language of who asks, with `page` and `words` for its template. Pages
    are about one person: no cache keeps them."""
    tag = language.choose(request.cookies.get(language.COOKIE), request.headers.get("Accept-Language", ""))
    body = (
        _environment()
        .get_template(template)
        .render(
            page=page,
            t=language.translator(tag),
            lang=tag,
            languages=language.LANGUAGES,
            theme=language.theme(request.cookies.get(language.THEME_COOKIE)),
            **words,
        )
    )
    return web.Response(
        text=body,
        status=status,
        content_type="text/html",
        headers={"Cache-Control": "no-store", "Content-Language": tag},
    )


def error_page(request: web.Request, status: int, reason: str | None = None) -> web.Response:
    """The page that says what is wrong; `reason` is a key of the catalogues instead of the status's own."""
    words = f"page_error.{status}" if status in EXPLAINED else "page_error.other"
    message = reason if reason in language.catalogue(language.FALLBACK) else f"{words}.words"
    return render(request, "error.html", {"status": status}, status, title=f"{words}.title", message=message)


def _user(login: Login) -> dict[str, str]:
    account = login.account
    return {
        "id": account.id,
        "username": account.username,
        "display_name": account.display_name,
        "avatar": account.avatar,
    }


def _to_login(request: web.Request) -> web.HTTPSeeOther:
    return web.HTTPSeeOther(f"/login?next={quote(request.path, safe='/')}")


def _next(request: web.Request) -> str:
    """Where to go after the login: a path of ours, never another site."""
    path = request.query.get("next", "")
    local = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if local and "\\" not in path and len(path) <= 300 else "/dashboard"


async def home(request: web.Request) -> web.StreamResponse:
    if await current_login(request) is not None:
        raise web.HTTPSeeOther("/dashboard")
    return render(request, "landing.html", {})


async def login(request: web.Request) -> web.StreamResponse:
    if await current_login(request) is not None:
        raise web.HTTPSeeOther(_next(request))
    return render(request, "login.html", {"next": _next(request)})


async def signup(request: web.Request) -> web.StreamResponse:
    if await current_login(request) is not None:
        raise web.HTTPSeeOther(_next(request))
    return render(request, "signup.html", {"next": _next(request)})


async def dashboard(request: web.Request) -> web.StreamResponse:
    login = await current_login(request)
    if login is None:
        raise _to_login(request)
    admin = await is_admin(services(request), login.account)
    return render(request, "dashboard.html", {"user": _user(login), "admin": admin})


async def admin(request: web.Request) -> web.StreamResponse:
    login = await current_login(request)
    if login is None:
        raise _to_login(request)
    if not await is_admin(services(request), login.account):
        return error_page(request, 404)
    return render(request, "admin.html", {})


async def world(request: web.Request) -> web.StreamResponse:
    known = services(request)
    login = await current_login(request)
    if login is None:
        raise _to_login(request)
    server = await known.servers.server(request.match_info["server_id"])
    member = await known.servers.member(server.id, login.account.id) if server is not None else None
    if server is None or (member is None and server.access != "public"):
        return error_page(request, 404)
    if member is None:
        return _join_page(request, server.id, server.name, await known.servers.count_members(server.id))
    return render(
        request,
        "world.html",
        {"server_id": server.id, "server_name": server.name, "user_id": login.account.id},
    )


async def join_public(request: web.Request) -> web.StreamResponse:
    known = services(request)
    login = await _login_of_form(request)
    server = await known.servers.server(request.match_info["server_id"])
    if server is None or server.access != "public":
        return error_page(request, 404)
    await known.servers.join(server.id, login.account.id)
    raise web.HTTPSeeOther(f"/s/{server.id}")


async def invitation(request: web.Request) -> web.StreamResponse:
    known = services(request)
    login = await current_login(request)
    invite = await known.invites.find(request.match_info["invite"])
    if invite is None:
        return error_page(request, 404, "error.invite_invalid")
    if login is not None and await known.servers.member(invite.server_id, login.account.id) is not None:
        raise web.HTTPSeeOther(f"/s/{invite.server_id}")
    members = await known.servers.count_members(invite.server_id)
    return _join_page(request, invite.server_id, invite.server_name, members, stranger=login is None)


async def accept_invitation(request: web.Request) -> web.StreamResponse:
    known = services(request)
    login = await _login_of_form(request)
    token = request.match_info["invite"]
    invite = await known.invites.find(token)
    if invite is None:
        return error_page(request, 404, "error.invite_invalid")
    await known.invites.accept(token, invite.server_id, login.account.id)
    raise web.HTTPSeeOther(f"/s/{invite.server_id}")


def _join_page(
    request: web.Request, server_id: str, server_name: str, members: int, stranger: bool = False
) -> web.Response:
    """Asks whether to join: its form is posted to the page's own address. A stranger makes an account or logs
    in first, and comes back to this page."""
    page = {"server_id": server_id, "server_name": server_name, "members": members}
    here = quote(request.path, safe="/")
    return render(request, "join.html", page, stranger=stranger, here=here)


async def _login_of_form(request: web.Request) -> Login:
    """Who posts a form of ours; another site's page cannot (it would name its own origin)."""
    login = await current_login(request)
    if login is None:
        raise _to_login(request)
    if not same_origin(request):
        raise web.HTTPForbidden
    return login


async def meeting(request: web.Request) -> web.StreamResponse:
    known = services(request)
    meeting_id = request.match_info["meeting_id"]
    zone = await known.zones.by_meeting(meeting_id)
    server = await known.servers.server(zone.server_id) if zone is not None else None
    if zone is None or server is None:
        return render(request, "meeting_unknown.html", {}, 404)
    login = await current_login(request)
    return render(
        request,
        "meeting.html",
        {
            "meeting_id": meeting_id,
            "server_name": server.name,
            "zone_name": zone.name,
            "logged_in": login is not None,
            "user_name": login.account.display_name if login is not None else None,
        },
    )


@web.middleware
async def pages_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turns what goes wrong on a page's way into the error page."""
    if request.path.startswith(API_PREFIXES):
        return await handler(request)
    try:
        return await handler(request)
    except StorageRefused as error:
        return error_page(request, 409, f"error.{error.code}")
    except web.HTTPException as error:
        if error.status < 400:
            raise
        response = error_page(request, error.status)
        if "Allow" in error.headers:
            response.headers["Allow"] = error.headers["Allow"]
        return response
    except OUT_OF_REACH as error:
        log.warning("a page cannot be made, the database is out of reach: %s", type(error).__name__)
        return error_page(request, 503)
    except Exception:
        log.exception("a page failed")
        return error_page(request, 500)


def add_pages(app: web.Application) -> None:
    """Serve them."""
    app.middlewares.append(pages_middleware)
    app.router.add_get("/", home)
    app.router.add_get("/login", login)
    app.router.add_get("/signup", signup)
    app.router.add_get("/dashboard", dashboard)
    app.router.add_get("/admin", admin)
    app.router.add_get("/s/{server_id}", world)
    app.router.add_post("/s/{server_id}", join_public)
    app.router.add_get("/join/{invite}", invitation)
    app.router.add_post("/join/{invite}", accept_invitation)
    app.router.add_get("/m/{meeting_id}", meeting)
