"""Traces by OpenTelemetry: spans go to the configured collector, and cost nothing where there is none.

A span carries ids, names and numbers: never a query, a cookie, a body, or the text of an error.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from funmagic.core.settings import get_settings

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span as OtelSpan

EXPORT_TIMEOUT_S = 3.0
Value = str | int | float | bool


class Span:
    """One traced piece of work; without a collector it notes nothing."""

    def __init__(self, inner: "OtelSpan | None" = None) -> None:
        self._inner = inner

    def name(self, name: str) -> None:
        """Name it anew, once more is known."""
        if self._inner is not None:
            self._inner.update_name(name)

    def add_attributes(self, attributes: Mapping[str, Value]) -> None:
        """Add facts."""
        if self._inner is not None:
            self._inner.set_attributes(attributes)

    def fail(self, reason: str) -> None:
        """Mark it as gone wrong, by the kind of error."""
        if self._inner is not None:
            from opentelemetry.trace import StatusCode  # noqa: PLC0415 - only where traces are on

            self._inner.set_attribute("error.type", reason)
            self._inner.set_status(StatusCode.ERROR, reason)


class _Tracing:
    """The provider of this process, once it is set up."""

    provider: "TracerProvider | None" = None


def configure_tracing(process: str) -> None:
    """Send this process's spans to `otlp_endpoint` as the service funmagic-{process}; without one, do nothing."""
    endpoint = get_settings().otlp_endpoint
    if not endpoint:
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    exporter = OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces", timeout=EXPORT_TIMEOUT_S)
    provider = TracerProvider(resource=Resource.create({"service.name": f"funmagic-{process}"}))
    provider.add_span_processor(BatchSpanProcessor(exporter))
    _Tracing.provider = provider


def end_tracing() -> None:
    """Send what is left; call it where a process ends without running its exit handlers."""
    if _Tracing.provider is not None:
        _Tracing.provider.shutdown()
        _Tracing.provider = None


@contextmanager
def span(
    name: str,
    attributes: Mapping[str, Value] | None = None,
    *,
    kind: Literal["internal", "server", "client"] = "internal",
) -> Iterator[Span]:
    """Trace the block; an exception that leaves it marks the span as failed."""
    if _Tracing.provider is None:
        yield Span()
        return
    from opentelemetry.trace import SpanKind  # noqa: PLC0415

    tracer = _Tracing.provider.get_tracer("funmagic")
    with tracer.start_as_current_span(
        name,
        kind=SpanKind[kind.upper()],
        attributes=attributes,
        record_exception=False,
        set_status_on_exception=False,
    ) as inner:
        traced = Span(inner)
        try:
            yield traced
        except Exception as error:
            traced.fail(type(error).__name__)
            raise
