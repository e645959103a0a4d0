"""OTLP over HTTP: spans as protobuf. Needs the extra ``otel``; the one module that imports it.

Source: the OpenTelemetry protocol specification, version 1.
"""

from collections.abc import Sequence
from importlib.metadata import version

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1 import trace_pb2
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Status

from orchestrator.outward.messages import Message
from orchestrator.outward.traces import Span

CONTENT_TYPE = "application/x-protobuf"
SPANS_MAX = 512
"""How many spans are sent at once: what the SDKs send too."""


def encode(span: Span) -> bytes:
    """One span."""
    return trace_pb2.Span(
        trace_id=span.trace_id,
        span_id=span.span_id,
        parent_span_id=span.parent,
        name=span.name,
        kind=trace_pb2.Span.SPAN_KIND_INTERNAL,
        start_time_unix_nano=span.begin * 1000,
        end_time_unix_nano=span.end * 1000,
        attributes=[_attribute(key, value) for key, value in span.attributes.items()],
        status=_status(span),
    ).SerializeToString()


class Packer:
    """Packs spans of one application into a request."""

    def __init__(self, application: str) -> None:
        told = {"service.name": "wantd", "service.version": version("wantd"), "wantd.application": application}
        self._resource = Resource(attributes=[_attribute(key, value) for key, value in told.items()])
        self._scope = InstrumentationScope(name="wantd", version=version("wantd"))

    def pack(self, messages: Sequence[Message]) -> bytes:
        """The body of a request."""
        spans = [trace_pb2.Span.FromString(message.body) for message in messages]
        scoped = ScopeSpans(scope=self._scope, spans=spans)
        resource_spans = ResourceSpans(resource=self._resource, scope_spans=[scoped])
        return ExportTraceServiceRequest(resource_spans=[resource_spans]).SerializeToString()


def _attribute(key: str, value: str | int) -> KeyValue:
    if isinstance(value, int):
        return KeyValue(key=key, value=AnyValue(int_value=value))
    return KeyValue(key=key, value=AnyValue(string_value=value))


def _status(span: Span) -> Status:
    if span.good is None:
        return Status()
    return Status(code=Status.STATUS_CODE_OK if span.good else Status.STATUS_CODE_ERROR, message=span.problem)
