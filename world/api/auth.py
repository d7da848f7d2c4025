"""`/api/auth`: sign up, log in, log out, who am I."""

from __future__ import annotations

from aiohttp import web

from world.api.body import answer, read_json
from world.api.errors import ApiError
from world.api.identity import (
    client_address,
    current_login,
    forget_cookie,
    limited,
    require_login,
    set_cookie,
)
from world.api.route import Route
from world.api.services import Services, services
from world.api.shapes import ChangeMe, ChangePassword, Done, LogIn, MeView, SignUp, UserView
from world.storage import names
from world.storage.sessions import Login
from world.storage.users import Account

WRONG = "The username or the password is wrong."


def me_view(known: Services, account: Account) -> MeView:
    """What somebody may know of themselves."""
    user = UserView(account.id, account.username, account.display_name, account.avatar)
    return MeView(user, sorted(known.users.avatars))


async def signup(request: web.Request) -> web.Response:
    known = services(request)
    address, now = client_address(request), known.now()
    limited(request, known.limits.signup.take(address, now), known.limits.signup.wait(address, now))
    body = await read_json(request, SignUp)
    account = await known.users.create(body.username, body.password, body.display_name, body.avatar)
    return await _log_in(request, account, 201)


async def login(request: web.Request) -> web.Response:
    known = services(request)
    limits = known.limits
    body = await read_json(request, LogIn)
    address, now = client_address(request), known.now()
    limited(request, limits.login_address.take(address, now), limits.login_address.wait(address, now))
    key = names.username_key(body.username)
    limited(request, limits.login_username.take(key, now), limits.login_username.wait(key, now))
    proof = await known.users.authenticate(body.username, body.password)
    if proof is None:
        raise ApiError(401, "wrong_login", WRONG)
    return await _log_in(request, proof.account, 200, proof.password_hash)


async def _log_in(
    request: web.Request, account: Account, status: int, password_hash: str | None = None
) -> web.Response:
    known = services(request)
    try:
        token, ends = await known.sessions.open(account.id, password_hash)
    except LookupError:
        raise ApiError(401, "wrong_login", WRONG) from None
    before = await current_login(request)
    if before is not None:
        # Whoever was logged in here is not any more: their world in another tab must not live on.
        await _end_login(known, before)
    response = answer(me_view(known, account), status)
    set_cookie(request, response, token, ends)
    return response


async def logout(request: web.Request) -> web.Response:
    known = services(request)
    login = await current_login(request)
    response = answer(Done())
    forget_cookie(request, response)
    if login is not None:
        await _end_login(known, login)
    return response


async def _end_login(known: Services, login: Login) -> None:
    await known.sessions.end(login.session)
    await _end_seats(known, login.account, login.session)


async def _end_seats(known: Services, account: Account, session: str) -> None:
    """A login session has ended, and with it the seats that it holds."""
    for server in await known.servers.mine(account.id):
        if known.seats.ends_with(server.id, account.id, session):
            await known.world.remove_user(server.id, account.id, "logged_out", "You have logged out.")


async def me(request: web.Request) -> web.Response:
    login = await require_login(request)
    return answer(me_view(services(request), login.account))


async def change_me(request: web.Request) -> web.Response:
    known = services(request)
    login = await require_login(request)
    body = await read_json(request, ChangeMe)
    account = await known.users.change(login.account.id, body.display_name, body.avatar)
    if account is None:
        raise ApiError(401, "not_logged_in", "Log in first.")
    for server in await known.servers.mine(account.id):
        await known.world.look_changed(server.id, account.id, account.display_name, account.avatar)
    return answer(me_view(known, account))


async def change_password(request: web.Request) -> web.Response:
    """Every other login ends, and every device: whoever knew the old password is out."""
    known = services(request)
    login = await require_login(request)
    body = await read_json(request, ChangePassword)
    account, now = login.account, known.now()
    key = names.username_key(account.username)
    limits = known.limits
    limited(request, limits.login_username.take(key, now), limits.login_username.wait(key, now))
    proof = await known.users.authenticate(account.username, body.old_password)
    if proof is None or not await known.users.set_password(proof, body.password):
        raise ApiError(403, "wrong_password", "This is not your password.", "old_password")
    for session in await known.sessions.end_others(account.id, login.session):
        await _end_seats(known, account, session)
    for server in await known.servers.mine(account.id):
        await known.world.end_devices(server.id, account.id)
    return answer(Done())


ROUTES = (
    Route(
        *("POST", "/api/auth/signup", signup, "Make an account and log in"),
        who="anybody",
        body=SignUp,
        answer=MeView,
        status=201,
        errors={409: ("username_taken",), 429: ("too_many_requests",)},
        example={"username": "ada", "password": "correct horse", "display_name": "Ada"},
    ),
    Route(
        *("POST", "/api/auth/login", login, "Log in"),
        who="anybody",
        body=LogIn,
        answer=MeView,
        errors={401: ("wrong_login",), 429: ("too_many_requests",)},
        example={"username": "ada", "password": "correct horse"},
    ),
    Route("POST", "/api/auth/logout", logout, "Log out; ends what this login has open", answer=Done),
    Route("GET", "/api/auth/me", me, "Who is logged in", answer=MeView, errors={401: ("not_logged_in",)}),
    Route(
        *("PATCH", "/api/auth/me", change_me, "Change display name or avatar"),
        body=ChangeMe,
        answer=MeView,
        errors={401: ("not_logged_in",)},
        example={"avatar": "default"},
    ),
    Route(
        *(
            "POST",
            "/api/auth/password",
            change_password,
            "Change the password; all other logins, devices and their tickets end",
        ),
        body=ChangePassword,
        answer=Done,
        errors={401: ("not_logged_in",), 403: ("wrong_password",), 429: ("too_many_requests",)},
        example={"old_password": "correct horse", "password": "battery staple"},
    ),
)
