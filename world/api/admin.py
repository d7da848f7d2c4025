"""`/api/admin`: the whole installation, for those who run it. To all others it does not exist.

They are named by the setting `admins`; when that is empty it is whoever made the first account. Programs on
the machines themselves (`atrium top`) show a short-lived ticket that is made with the installation's secret.
"""

from __future__ import annotations

from aiohttp import web

from signaling.control import Drain
from signaling.tickets import AdminTicket, BadTicket
from world.api.admin_shapes import DrainWorker, OverviewView
from world.api.body import answer, read_json
from world.api.errors import ApiError
from world.api.identity import current_login
from world.api.route import Route
from world.api.services import Services, services
from world.api.shapes import Done
from world.storage import names
from world.storage.users import Account


async def is_admin(known: Services, account: Account) -> bool:
    """Whether this account runs the place."""
    if known.admins:
        key = names.username_key(account.username)
        return any(names.username_key(name) == key for name in known.admins)
    return await known.users.first() == account.id


async def require_admin(request: web.Request) -> None:
    """A person who runs the place. Raises ApiError: 401 for strangers, 404 for everybody else."""
    login = await current_login(request)
    if login is None:
        raise ApiError(401, "not_logged_in", "Log in first.")
    if not await is_admin(services(request), login.account):
        raise ApiError(404, "not_found", "There is nothing here.")


async def require_looker(request: web.Request) -> None:
    """A person who runs the place, or a program with a ticket to look. Raises ApiError as above."""
    known = services(request)
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        try:
            known.tickets.read(AdminTicket, token, known.now())
        except BadTicket as bad:
            raise ApiError(401, bad.code, bad.message) from None
        return
    await require_admin(request)


async def drain(request: web.Request) -> web.Response:
    await require_admin(request)
    draining = services(request).drain
    if draining is None:
        raise ApiError(404, "not_found", "There is nothing here.")
    body = await read_json(request, DrainWorker)
    try:
        await draining(request.match_info["name"], Drain(body.deadline, body.cancel))
    except LookupError:
        raise ApiError(404, "worker_unknown", "There is no such worker, or no more.") from None
    except TimeoutError:
        raise ApiError(503, "worker_silent", "The worker does not answer.") from None
    return answer(Done())


async def overview(request: web.Request) -> web.Response:
    await require_looker(request)
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
    Route(
        *("POST", "/api/admin/workers/{name}/drain", drain, "Let a media worker's people move to others"),
        body=DrainWorker,
        answer=Done,
        errors={
            401: ("not_logged_in",),
            404: ("not_found", "worker_unknown"),
            503: ("worker_silent",),
        },
        example={"deadline": 60},
    ),
)
