"""`/api/admin`: the whole installation, for those who run it. To all others it does not exist.

They are named by the setting `admins`; when that is empty it is whoever made the first account. Programs on
the machines themselves (`atrium top`) show a short-lived ticket that is made with the installation's secret.
"""

from __future__ import annotations

from aiohttp import web

from signaling.tickets import AdminTicket, BadTicket
from world import names
from world.api.admin_shapes import OverviewView
from world.api.body import answer
from world.api.errors import ApiError
from world.api.identity import current_login
from world.api.route import Route
from world.api.services import Services, services
from world.users import Account


async def is_admin(known: Services, account: Account) -> bool:
    """Whether this account runs the place."""
    if known.admins:
        key = names.username_key(account.username)
        return any(names.username_key(name) == key for name in known.admins)
    return await known.users.first() == account.id


async def require_admin(request: web.Request) -> None:
    """Raises ApiError: 401 for strangers and bad tickets, 404 for people who do not run the place."""
    known = services(request)
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        try:
            known.tickets.read(AdminTicket, token, known.now())
        except BadTicket as bad:
            raise ApiError(401, bad.code, bad.message) from None
        return
    login = await current_login(request)
    if login is None:
        raise ApiError(401, "not_logged_in", "Log in first.")
    if not await is_admin(known, login.account):
        raise ApiError(404, "not_found", "There is nothing here.")


async def overview(request: web.Request) -> web.Response:
    await require_admin(request)
    looking = services(request).overview
    if looking is None:
        raise ApiError(404, "not_found", "There is nothing here.")
    return answer(await looking())


ROUTES = (
    Route(
        *("GET", "/api/admin/overview", overview, "Everything that runs, for those who run it"),
        answer=OverviewView,
        errors={401: ("not_logged_in", "ticket_invalid", "ticket_expired"), 404: ("not_found",)},
    ),
)
