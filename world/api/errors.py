"""Errors as the API says them: `{"error": {"code", "message", "field"?, "figure"?}}` with the right status.

Everything that can go wrong on the way of a request becomes an answer in this one form, also what
aiohttp itself refuses (no such path, wrong method, too large) and what we did not foresee (logged
with its traceback, told as `internal`).
"""

from __future__ import annotations

import logging

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from world.api.shapes import ErrorDetail, ErrorView
from world.storage.names import BadField
from world.storage.passwords import Busy
from world.storage.servers import StorageRefused
from world.storage.users import UsernameTaken

log = logging.getLogger("atrium.api")

STATUS_OF_CODE = {
    "banned": 403,
    "invite_invalid": 404,
    "server_unknown": 404,
}
CODE_OF_STATUS = {
    400: ("bad_request", "The request cannot be understood."),
    404: ("not_found", "There is nothing here."),
    405: ("method_not_allowed", "This method is not possible here."),
    411: ("length_required", "The request needs a length."),
    413: ("too_large", "The request is too large."),
    415: ("unsupported_type", "The request has a content type that is not taken here."),
    417: ("expectation_failed", "This expectation cannot be met."),
    431: ("too_large", "The request's headers are too large."),
}
# What a database raises that does not answer (the pool's time limit, the driver's broken connection).
OUT_OF_REACH = (OperationalError, InterfaceError, PoolTimeout, ConnectionError, TimeoutError)
UNAVAILABLE = "Our storage does not answer at the moment. Try again soon."
API_PREFIXES = ("/api/", "/whip/", "/whep/", "/ws/")


class ApiError(Exception):
    """An answer that is an error. `message` is a sentence for people."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        field: str | None = None,
        headers: dict[str, str] | None = None,
        figure: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.field = field
        self.headers = headers or {}
        self.figure = figure


def error_response(error: ApiError) -> web.Response:
    """The answer for an error."""
    view = ErrorView(ErrorDetail(error.code, error.message, error.field, error.figure))
    headers = {"Cache-Control": "no-store"} | error.headers
    return web.Response(
        status=error.status,
        body=msgspec.json.encode(view),
        content_type="application/json",
        headers=headers,
    )


def api_error(error: Exception) -> ApiError | None:
    """What an exception of the layers below is, told to a client; None: not foreseen."""
    if isinstance(error, ApiError):
        return error
    if isinstance(error, UsernameTaken):
        return ApiError(409, "username_taken", error.message, error.field)
    if isinstance(error, BadField):
        return ApiError(422, "bad_field", error.message, error.field)
    if isinstance(error, StorageRefused):
        return ApiError(STATUS_OF_CODE.get(error.code, 409), error.code, error.message)
    if isinstance(error, Busy):
        return ApiError(503, "busy", "We are very busy. Try again in a moment.", headers={"Retry-After": "2"})
    if isinstance(error, OUT_OF_REACH):
        log.warning("the database is out of reach: %s", str(error).splitlines()[0] if str(error) else error)
        return ApiError(503, "unavailable", UNAVAILABLE, headers={"Retry-After": "2"})
    if isinstance(error, web.HTTPException) and error.status >= 400:
        code, message = CODE_OF_STATUS.get(error.status, ("refused", "The request is refused."))
        headers = {name: error.headers[name] for name in ("Allow",) if name in error.headers}
        return ApiError(error.status, code, message, headers=headers)
    return None


@web.middleware
async def error_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turns exceptions of the API's handlers into answers; pages have their own error page."""
    if not request.path.startswith(API_PREFIXES):
        return await handler(request)
    try:
        return await handler(request)
    except Exception as error:
        told = api_error(error)
        if told is None:
            if isinstance(error, web.HTTPException):
                raise
            log.exception("%s %s failed", request.method, _route(request))
            told = ApiError(500, "internal", "Something went wrong on our side. It has been logged.")
        return error_response(told)


def _route(request: web.Request) -> str:
    """The path's pattern: a log has no meeting ids and tokens in it."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "(no route)"
