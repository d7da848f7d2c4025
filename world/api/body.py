"""Reading bodies: bounded, of the right type, checked against a struct."""

from __future__ import annotations

import asyncio
import re
from typing import TypeVar

import msgspec
from aiohttp import web

from signaling.messages import MAX_SDP_CHARS
from world.api.errors import ApiError

# The largest JSON body that anything here needs is a zone: far below this.
MAX_JSON_BYTES = 64 * 1024
# A body that is still not here then (seconds) is not coming.
BODY_SECONDS = 20.0
_FIELD = re.compile(r" - at `\$\.?(.*)`$")

T = TypeVar("T")


async def _read(request: web.Request, limit: int) -> bytes:
    """The body. Raises ApiError 413 as soon as it is known to be larger than `limit` bytes, and 408."""
    too_large = ApiError(413, "too_large", f"The body is larger than {limit} bytes.")
    if request.content_length is not None and request.content_length > limit:
        raise too_large
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for part in request.content.iter_any():
                size += len(part)
                if size > limit:
                    raise too_large
                parts.append(part)
    except TimeoutError:
        raise ApiError(408, "too_slow", "The body did not come in time.") from None
    return b"".join(parts)


async def read_json(request: web.Request, kind: type[T]) -> T:
    """The JSON body as `kind`; no body is `{}`.

    Raises:
        ApiError: 413, 415, 400 (not JSON) or 422 (a field does not fit).
    """
    data = await _read(request, MAX_JSON_BYTES)
    if data and request.content_type != "application/json":
        raise ApiError(415, "unsupported_type", "Send application/json.")
    try:
        return msgspec.json.decode(data or b"{}", type=kind)
    except msgspec.ValidationError as error:
        told = str(error)
        found = _FIELD.search(told)
        field = found[1].split(".")[0].split("[")[0] if found else None
        raise ApiError(422, "bad_field", _FIELD.sub("", told) + ".", field or None) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise ApiError(400, "bad_json", "The body is not JSON.") from None


async def read_text(request: web.Request, content_type: str) -> str:
    """A body of `content_type` (SDP and its fragments), as text.

    Raises:
        ApiError: 413, 415, or 400 (not UTF-8, or empty).
    """
    if request.content_type != content_type:
        raise ApiError(415, "unsupported_type", f"Send {content_type}.")
    data = await _read(request, MAX_SDP_CHARS)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise ApiError(400, "bad_sdp", "The body is not text.") from None
    if not text.strip():
        raise ApiError(400, "bad_sdp", "The body is empty.")
    return text


def answer(view: msgspec.Struct, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """A struct as the JSON answer. Nothing of the API may be kept by a cache."""
    return web.Response(
        status=status,
        body=msgspec.json.encode(view),
        content_type="application/json",
        headers={"Cache-Control": "no-store"} | (headers or {}),
    )
