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

from world.api.errors import API_PREFIXES, OUT_OF_REACH, UNAVAILABLE
from world.api.identity import current_login
from world.api.origin import same_origin
from world.api.services import services
from world.servers import StorageRefused
from world.sessions import Login

TEMPLATES = Path(__file__).parent / "templates"
WORDS = {
    403: ("Not for you", "You may not do that."),
    404: ("Nothing here", "There is no such page. Perhaps the link is old, or you are not a member."),
    405: ("Not possible", "That is not possible on this page."),
    500: ("Something went wrong", "Something went wrong on our side. It has been logged."),
    503: ("Back in a moment", UNAVAILABLE),
}

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


def render(template: str, page: Mapping[str, Any], status: int = 200, **words: str) -> web.Response:
    """A page as the answer, with `page` and `words` for its template. Pages are about one person: no
    cache keeps them."""
    body = _environment().get_template(template).render(page=page, **words)
    return web.Response(
        text=body, status=status, content_type="text/html", headers={"Cache-Control": "no-store"}
    )


def error_page(status: int, message: str | None = None) -> web.Response:
    """The page that says what is wrong."""
    title, words = WORDS.get(status, ("That did not work", "The request cannot be understood."))
    told = message or words
    return render("error.html", {"status": status}, status, title=title, message=told)


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
    return render("landing.html", {})


async def login(request: web.Request) -> web.StreamResponse:
    if await current_login(request) is not None:
        raise web.HTTPSeeOther(_next(request))
    return render("login.html", {"next": _next(request)})


async def signup(request: web.Request) -> web.StreamResponse:
    if await current_login(request) is not None:
        raise web.HTTPSeeOther(_next(request))
    return render("signup.html", {"next": _next(request)})


async def dashboard(request: web.Request) -> web.StreamResponse:
    login = await current_login(request)
    if login is None:
        raise _to_login(request)
    return render("dashboard.html", {"user": _user(login)})


async def world(request: web.Request) -> web.StreamResponse:
    known = services(request)
    login = await current_login(request)
    if login is None:
        raise _to_login(request)
    server = await known.servers.server(request.match_info["server_id"])
    member = await known.servers.member(server.id, login.account.id) if server is not None else None
    if server is None or (member is None and server.access != "public"):
        return error_page(404)
    if member is None:
        return _join_page(server.id, server.name, await known.servers.count_members(server.id))
    return render(
        "world.html",
        {"server_id": server.id, "server_name": server.name, "user_id": login.account.id},
    )


async def join_public(request: web.Request) -> web.StreamResponse:
    known = services(request)
    login = await _login_of_form(request)
    server = await known.servers.server(request.match_info["server_id"])
    if server is None or server.access != "public":
        return error_page(404)
    await known.servers.join(server.id, login.account.id)
    raise web.HTTPSeeOther(f"/s/{server.id}")


async def invitation(request: web.Request) -> web.StreamResponse:
    known = services(request)
    login = await current_login(request)
    if login is None:
        raise _to_login(request)
    invite = await known.invites.find(request.match_info["invite"])
    if invite is None:
        return error_page(404, "This invitation is not valid (any more). Ask for a new one.")
    if await known.servers.member(invite.server_id, login.account.id) is not None:
        raise web.HTTPSeeOther(f"/s/{invite.server_id}")
    return _join_page(
        invite.server_id, invite.server_name, await known.servers.count_members(invite.server_id)
    )


async def accept_invitation(request: web.Request) -> web.StreamResponse:
    known = services(request)
    login = await _login_of_form(request)
    token = request.match_info["invite"]
    invite = await known.invites.find(token)
    if invite is None:
        return error_page(404, "This invitation is not valid (any more). Ask for a new one.")
    await known.invites.accept(token, invite.server_id, login.account.id)
    raise web.HTTPSeeOther(f"/s/{invite.server_id}")


def _join_page(server_id: str, server_name: str, members: int) -> web.Response:
    """Asks whether to join. Its form is posted to the page's own address."""
    page = {"server_id": server_id, "server_name": server_name, "members": members}
    return render("join.html", page)


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
        return render("meeting_unknown.html", {}, 404)
    login = await current_login(request)
    return render(
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
        return error_page(409, error.message)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        response = error_page(error.status)
        if "Allow" in error.headers:
            response.headers["Allow"] = error.headers["Allow"]
        return response
    except OUT_OF_REACH as error:
        log.warning("a page cannot be made, the database is out of reach: %s", type(error).__name__)
        return error_page(503)
    except Exception:
        log.exception("a page failed")
        return error_page(500)


def add_pages(app: web.Application) -> None:
    """Serve them."""
    app.middlewares.append(pages_middleware)
    app.router.add_get("/", home)
    app.router.add_get("/login", login)
    app.router.add_get("/signup", signup)
    app.router.add_get("/dashboard", dashboard)
    app.router.add_get("/s/{server_id}", world)
    app.router.add_post("/s/{server_id}", join_public)
    app.router.add_get("/join/{invite}", invitation)
    app.router.add_post("/join/{invite}", accept_invitation)
    app.router.add_get("/m/{meeting_id}", meeting)
