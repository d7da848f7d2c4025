"""Spans by OpenTelemetry, where it is installed (`pip install atriumverse[otel]`) and asked for.

It is asked for by OpenTelemetry's own environment: OTEL_EXPORTER_OTLP_ENDPOINT (or …_TRACES_ENDPOINT), or
OTEL_TRACES_EXPORTER=otlp or console. All else (OTEL_SERVICE_NAME, OTEL_TRACES_SAMPLER, OTEL_BSP_*, headers …)
is read by its SDK. Without that this program imports nothing of it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from signaling.context import session_id
from signaling.tracing import Kind, Note, Tracer, Value

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
NAME = "atriumverse"

log = logging.getLogger("atrium.telemetry")


def wanted(environment: Mapping[str, str]) -> str:
    """Which exporter this environment asks for: otlp, console, or none for no spans at all."""
    if environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return "none"
    exporter = environment.get("OTEL_TRACES_EXPORTER", "").strip().lower()
    if exporter:
        return exporter if exporter in {"otlp", "console"} else "none"
    return "otlp" if any(environment.get(name) for name in ENDPOINTS) else "none"


def provider(environment: Mapping[str, str], role: str) -> TracerProvider | None:
    """What collects and sends spans, or None where none are wanted or it is not installed (logged)."""
    exporter = wanted(environment)
    if exporter == "none":
        return None
    try:
        from opentelemetry.sdk.resources import SERVICE_NAME, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SpanExporter

        sending: SpanExporter
        if exporter == "console":
            sending = ConsoleSpanExporter()
        else:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

            sending = OTLPSpanExporter()
    except ImportError as error:
        log.warning("no spans are sent (%s): pip install 'atriumverse[otel]'", error)
        return None
    given = environment.get("OTEL_RESOURCE_ATTRIBUTES", "")
    named = SERVICE_NAME in given or "OTEL_SERVICE_NAME" in environment
    resource = Resource.create({} if named else {SERVICE_NAME: f"{NAME}-{role}"})
    made = TracerProvider(resource=resource)
    made.add_span_processor(BatchSpanProcessor(sending))
    log.info("spans are sent by OpenTelemetry (%s)", exporter)
    return made


def tracer(known: TracerProvider) -> Tracer:
    """Opens spans of this provider. Names: OpenTelemetry's semantic conventions, and ours below `atrium.`"""
    from opentelemetry.trace import SpanKind, StatusCode

    opening = known.get_tracer(NAME)

    @contextmanager
    def opened(name: str, kind: Kind, attributes: dict[str, Value]) -> Iterator[Note]:
        with opening.start_as_current_span(
            name,
            kind=SpanKind[kind.upper()],
            attributes=attributes,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:

            def note(key: str, value: Value) -> None:
                span.set_attribute(key, value)
                if key == "error.type":
                    span.set_status(StatusCode.ERROR)

            if session_id.get():
                note("atrium.session", session_id.get())
            try:
                yield note
            except Exception as error:
                note("error.type", type(error).__qualname__)
                raise

    return opened
