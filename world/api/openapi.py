"""`/api/openapi.json`: the API as OpenAPI 3.1, out of the same routes and structs that serve it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from aiohttp import web

from world.api.identity import COOKIE
from world.api.route import Route
from world.api.shapes import ErrorView

GENERAL = {400: ("bad_json",), 413: ("too_large",), 422: ("bad_field",)}
_PARAMETER = re.compile(r"\{(\w+)\}")


def document(routes: Sequence[Route], version: str) -> dict[str, Any]:
    """The OpenAPI document of `routes`."""
    kinds: set[type[msgspec.Struct]] = {ErrorView}
    for route in routes:
        kinds |= {kind for kind in (route.body, route.answer) if isinstance(kind, type)}
    types = sorted(kinds, key=lambda kind: kind.__name__)
    _, components = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": "AtriumVerse", "version": version, "description": _DESCRIPTION},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "cookie": {"type": "apiKey", "in": "cookie", "name": COOKIE},
                "bearer": {"type": "http", "scheme": "bearer"},
            },
        },
    }


_DESCRIPTION = (
    "Servers, zones and meetings of AtriumVerse. Every error has the form "
    '`{"error": {"code", "message", "field"?, "figure"?}}`. '
    "Unsafe methods of a browser must come from our own pages."
)


def _content(kind: type[msgspec.Struct] | str, example: object = None) -> dict[str, Any]:
    if isinstance(kind, str):
        return {kind: {"schema": {"type": "string"}}}
    schema: dict[str, Any] = {"schema": {"$ref": f"#/components/schemas/{kind.__name__}"}}
    if example is not None:
        schema["example"] = example
    return {"application/json": schema}


def _operation(route: Route) -> dict[str, Any]:
    name = re.sub(r"\W+", "_", f"{route.method.lower()}_{route.path}").strip("_")
    operation: dict[str, Any] = {"operationId": name, "summary": route.summary}
    parameters = _PARAMETER.findall(route.path)
    if parameters:
        operation["parameters"] = [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in parameters
        ]
    if route.who != "anybody":
        operation["security"] = [{route.who: []}]
    if route.body is not None:
        operation["requestBody"] = {"content": _content(route.body, route.example)}
    done: dict[str, Any] = {"description": route.summary}
    if route.answer is not None:
        done["content"] = _content(route.answer)
    operation["responses"] = {str(route.status): done} | {
        str(status): {"description": ", ".join(codes), "content": _content(ErrorView)}
        for status, codes in sorted(_errors(route).items())
    }
    return operation


def _errors(route: Route) -> dict[int, tuple[str, ...]]:
    errors: dict[int, tuple[str, ...]] = dict(route.errors)
    if route.who == "cookie":
        errors.setdefault(401, ("not_logged_in",))
    if isinstance(route.body, type):
        for status, codes in GENERAL.items():
            errors[status] = errors.get(status, ()) + codes
    return errors


def serve(routes: Sequence[Route], version: str) -> Callable[[web.Request], Any]:
    """The handler. The document is made once, when somebody asks for it first."""
    made: list[bytes] = []

    async def handler(request: web.Request) -> web.Response:
        if not made:
            made.append(msgspec.json.encode(document(routes, version)))
        return web.Response(body=made[0], content_type="application/json")

    return handler
