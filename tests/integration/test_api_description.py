"""`/api/openapi.json` describes what is served: every route, every body, and examples that are true."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from aiohttp import web

from tests.support.api import running_api
from world.api import ROUTES, all_routes
from world.api.route import Route

JSON_ROUTES = [route for route in ROUTES if isinstance(route.body, type)]


async def test_every_route_of_the_api_is_described_and_every_described_one_is_served(tmp_path: Path) -> None:
    async with running_api(tmp_path) as api:
        described = await api.browser().ok("GET", "/api/openapi.json")
        app: web.Application = api.server.app
        served = {
            (route.method, route.resource.canonical)
            for route in app.router.routes()
            if route.resource is not None
            and route.resource.canonical.startswith(("/api/", "/whip/", "/whep/"))
            and route.method != "HEAD"
        }
        told = {(method.upper(), path) for path, methods in described["paths"].items() for method in methods}
        assert served - {("GET", "/api/openapi.json")} == told
        assert len(told) > 25


async def test_the_description_is_openapi_3_1_whose_references_exist(tmp_path: Path) -> None:
    async with running_api(tmp_path) as api:
        described = await api.browser().ok("GET", "/api/openapi.json")
        assert described["openapi"] == "3.1.0"
        assert described["info"]["version"]
        schemas = described["components"]["schemas"]
        references = set()

        def walk(node: object) -> None:
            if isinstance(node, dict):
                if "$ref" in node:
                    references.add(node["$ref"])
                for value in node.values():
                    walk(value)
            elif isinstance(node, list):
                for value in node:
                    walk(value)

        walk(described)
        assert references
        assert {reference.rsplit("/", 1)[-1] for reference in references} <= set(schemas)
        operations = [op for methods in described["paths"].values() for op in methods.values()]
        names = [operation["operationId"] for operation in operations]
        assert len(set(names)) == len(names)
        for operation in operations:
            assert operation["summary"]
            for parameter in operation.get("parameters", []):
                assert parameter["in"] == "path"


@pytest.mark.parametrize("route", JSON_ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_each_body_has_an_example_that_is_taken(route: Route) -> None:
    assert isinstance(route.body, type)
    assert route.example is not None
    msgspec.convert(route.example, route.body)


def test_every_route_says_who_may_call_it_and_what_it_answers() -> None:
    for route in all_routes("1"):
        assert route.who in {"anybody", "cookie", "bearer"}
        assert route.answer is not None or route.status == 204 or route.path == "/api/openapi.json"
        if route.who == "bearer":
            assert route.path.startswith(("/whip/", "/whep/"))
