"""Spans of requests, joins and media negotiation, where they are asked for, and nothing where not."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from prometheus_client import CollectorRegistry

from signaling import tracing
from signaling.context import about
from tests.support.atrium_server import AtriumServer
from tests.support.walker import Walker
from web import telemetry
from web.access_log import access_middleware


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    kept, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    tracing.use(telemetry.tracer(provider))
    yield kept
    tracing.use(None)
    provider.shutdown()


async def test_a_request_is_a_span_by_its_route_and_what_is_asked_for_it_lies_below(
    spans: InMemorySpanExporter,
) -> None:
    async def secret(request: web.Request) -> web.Response:
        with about("a session"), tracing.span("media AcceptPublish", "client", **{"atrium.worker": "w1"}):
            return web.Response(status=202)

    async def missing(request: web.Request) -> web.Response:
        raise web.HTTPNotFound

    async def broken(request: web.Request) -> web.Response:
        raise ValueError("do-not-tell")

    app = web.Application(middlewares=[access_middleware(CollectorRegistry())])
    app.router.add_get("/meet/{token}", secret)
    app.router.add_get("/gone", missing)
    app.router.add_get("/broken", broken)
    async with TestClient(TestServer(app)) as client:
        answer = await client.get("/meet/do-not-tell?key=do-not-tell")
        assert answer.status == 202
        assert (await client.get("/gone")).status == 404
        assert (await client.get("/broken")).status == 500
    inner, outer, gone, failed = spans.get_finished_spans()
    assert (inner.name, outer.name, gone.name) == ("media AcceptPublish", "GET /meet/{token}", "GET /gone")
    assert inner.parent is not None
    assert inner.parent.span_id == outer.context.span_id
    assert (inner.kind, outer.kind) == (SpanKind.CLIENT, SpanKind.SERVER)
    assert dict(inner.attributes or {}) == {"atrium.worker": "w1", "atrium.session": "a sessio"}
    assert dict(outer.attributes or {}) == {
        "http.request.method": "GET",
        "http.route": "/meet/{token}",
        "http.response.status_code": 202,
        "atrium.request": answer.headers["X-Request-Id"],
    }
    assert (gone.attributes or {})["http.response.status_code"] == 404
    assert gone.status.status_code is StatusCode.UNSET
    assert (failed.attributes or {})["error.type"] == "ValueError"
    assert failed.status.status_code is StatusCode.ERROR
    assert not any("do-not-tell" in each.to_json() for each in spans.get_finished_spans())


@pytest.mark.parametrize(
    ("environment", "exporter"),
    [
        ({}, "none"),
        ({"OTEL_SERVICE_NAME": "atrium"}, "none"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}, "otlp"),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://collector:4318/v1/traces"}, "otlp"),
        ({"OTEL_TRACES_EXPORTER": "Console"}, "console"),
        ({"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector"}, "none"),
        ({"OTEL_TRACES_EXPORTER": "console", "OTEL_SDK_DISABLED": "true"}, "none"),
    ],
)
def test_opentelemetrys_own_environment_says_whether_spans_are_wanted(
    environment: dict[str, str], exporter: str
) -> None:
    assert telemetry.wanted(environment) == exporter


def test_spans_that_are_wanted_and_cannot_be_made_are_a_line_in_the_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.resources", None)
    with caplog.at_level(logging.WARNING):
        assert telemetry.provider({"OTEL_TRACES_EXPORTER": "console"}, "serve") is None
    assert "pip install 'atriumverse[otel]'" in caplog.text


def test_we_import_nothing_of_it_where_it_is_not_asked_for() -> None:
    # (redis-py looks for it by itself: what imports that is left out here.)
    code = (
        "import sys; from signaling import tracing; from web import access_log, telemetry; "
        "telemetry.provider({}, 'serve'); "
        "sys.exit(any(name.startswith('opentelemetry') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0


async def test_a_running_installation_tells_of_joins_and_of_media_negotiation(tmp_path: Path) -> None:
    with AtriumServer(tmp_path, OTEL_TRACES_EXPORTER="console", OTEL_BSP_SCHEDULE_DELAY="100") as server:
        walker = Walker(server.url)
        try:
            await walker.sign_up()
            await walker.enter((await walker.create_server())["id"])
            await walker.start_media()
        finally:
            await walker.close()
        server.stop()
        told = "\n".join(server.lines)
    for name in (
        "POST /api/auth/signup",
        "world join",
        "world media_offer",
        "media AcceptPublish",
        "atriumverse-serve",
    ):
        assert f'"{name}"' in told, name
    assert os.environ.get("OTEL_TRACES_EXPORTER") is None
