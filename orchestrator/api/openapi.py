"""The OpenAPI 3.1 document of a table of operations: each parameter, body and answer, and each code of refusal.

It is made from what the operations are decoded with and what they return, so it cannot tell anything else than what is
served. ``docs/openapi.json`` is the same document, written by ``python -m orchestrator.api.openapi``.
"""

import json
import sys
from collections.abc import Iterable
from importlib.metadata import version
from inspect import getdoc
from typing import Any

import msgspec

from orchestrator.api.decoding import AT, is_list, kinds_of
from orchestrator.api.problems import PROBLEM_TYPE
from orchestrator.api.refusals import status_of
from orchestrator.api.streams import MEDIA_TYPE
from orchestrator.api.table import Document, Header, Operation, Path
from orchestrator.api.tags import TAGGED
from orchestrator.errors import ErrorCode
from orchestrator.views.shapes import PAGE_MAX, Problem

Schema = dict[str, Any]

_SCHEME = {
    "type": "http",
    "scheme": "bearer",
    "description": "Made by `wantd token create`. `x-right` says what an operation needs: the roles read, operate and "
    "admin each may what the one before may. On the unix socket no token is needed.",
}
_PLACE = "#/components/schemas/{name}"


def document_of(operations: Iterable[Operation]) -> Document:
    """Describe these operations."""
    table = tuple(operations)
    schemas = _Schemas(table)
    paths: dict[str, Schema] = {}
    for operation in table:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, schemas)
    return Document(
        {
            "openapi": "3.1.0",
            "info": {
                "title": "wantd",
                "version": version("wantd"),
                "summary": "Wants, partitions, JobRuns, plans, reasons and the log of a running daemon.",
                "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            },
            "paths": paths,
            "components": {"schemas": schemas.components, "securitySchemes": {"token": _SCHEME}},
        }
    )


class _Schemas:
    """The schemas of everything that is sent either way."""

    def __init__(self, operations: tuple[Operation, ...]) -> None:
        bodies = [operation.body.shape for operation in operations if operation.body]
        types = tuple(
            dict.fromkeys((Problem, *bodies, *(operation.streamed or operation.answer for operation in operations)))
        )
        found, components = msgspec.json.schema_components(types, ref_template=_PLACE, schema_hook=_of_anything)
        self._places: dict[Any, Schema] = dict(zip(types, found, strict=True))
        self.components = dict(sorted(components.items()))

    def of(self, kind: Any) -> Schema:
        """The schema of one type."""
        return self._places[kind]


def _of_anything(kind: type) -> Schema:
    """The schema of ``object``, which is whatever JSON there may be."""
    assert kind is object, f"{kind} has no schema"
    return {"description": "Any JSON."}


def _operation(operation: Operation, schemas: _Schemas) -> Schema:
    told: Schema = {
        "operationId": operation.name,
        "tags": [operation.subject],
        "summary": operation.about,
        "responses": _responses(operation, schemas),
        "security": [] if operation.right == "anyone" else [{"token": []}],
        "x-right": operation.right,
    }
    if operation.query:
        told["description"] = _words(operation.query.shape)
    parameters = [*_of_path(operation), *_of_query(operation), *_of_past(operation), *_of_headers(operation)]
    if parameters:
        told["parameters"] = parameters
    if operation.body:
        content = {"application/json": {"schema": schemas.of(operation.body.shape)}}
        told["requestBody"] = {"description": _words(operation.body.shape), "required": True, "content": content}
    return told


def _of_path(operation: Operation) -> list[Schema]:
    parts = [argument for argument in operation.arguments.values() if isinstance(argument, Path)]
    return [{"name": part.name, "in": "path", "required": True, "schema": {"type": "string"}} for part in parts]


def _of_headers(operation: Operation) -> list[Schema]:
    headers = [argument for argument in operation.arguments.values() if isinstance(argument, Header)]
    return [
        {"name": header.name, "in": "header", "description": header.about, "schema": _text(header.pattern)}
        for header in headers
    ]


def _of_past(operation: Operation) -> list[Schema]:
    about = "As of then, instead of now: a seq, a time (ISO 8601) or how long ago (-2h)."
    told: Schema = {"name": AT, "in": "query", "description": about, "schema": {"type": "string"}}
    return [told] if operation.looks_back else []


def _text(pattern: str) -> Schema:
    return {"type": "string", "pattern": pattern} if pattern else {"type": "string"}


def _of_query(operation: Operation) -> list[Schema]:
    if operation.query is None:
        return []
    shape = operation.query.shape
    _, components = msgspec.json.schema_components((shape,), ref_template=_PLACE)
    described = components[shape.__name__]
    required = described.get("required", ())
    return [_parameter(shape, name, told, required=name in required) for name, told in described["properties"].items()]


def _parameter(shape: type[msgspec.Struct], name: str, told: Schema, *, required: bool) -> Schema:
    """One parameter. What may be null in the struct may be left out of a query."""
    schema = next((one for one in told.get("anyOf", ()) if one != {"type": "null"}), told)
    if name == "limit":
        schema = {**schema, "minimum": 1, "maximum": PAGE_MAX, "default": PAGE_MAX}
    found: Schema = {"name": name, "in": "query", "required": required, "schema": schema}
    return {**found, "style": "form", "explode": True} if is_list(kinds_of(shape)[name]) else found


def _responses(operation: Operation, schemas: _Schemas) -> Schema:
    content = _content(operation, schemas)
    good: Schema = {"description": operation.status.phrase, "content": content}
    if operation.answer in TAGGED:
        good["headers"] = {"ETag": {"description": "Its newest entry.", "schema": {"type": "string"}}}
    told: Schema = {str(operation.status.value): good}
    refusals: dict[int, list[ErrorCode]] = {}
    for code in operation.refuses:
        refusals.setdefault(status_of(code), []).append(code)
    for status, codes in sorted(refusals.items()):
        told[str(status)] = _refusal(status, sorted(codes), schemas)
    return told


def _content(operation: Operation, schemas: _Schemas) -> Schema:
    if operation.streamed:
        return {MEDIA_TYPE: {"schema": {"type": "string"}, "x-event-data": schemas.of(operation.streamed)}}
    return {"application/json": {"schema": schemas.of(operation.answer)}}


def _refusal(status: int, codes: list[ErrorCode], schemas: _Schemas) -> Schema:
    only = {"properties": {"status": {"const": status}, "code": {"enum": codes}}}
    schema = {"allOf": [schemas.of(Problem), only]}
    return {"description": f"Refused: {', '.join(codes)}", "content": {PROBLEM_TYPE: {"schema": schema}}}


def _words(shape: type) -> str:
    return " ".join((getdoc(shape) or "").split())


def text_of(document: Document) -> str:
    """The document as it is checked in."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    """Print the document of this version."""
    from orchestrator.api.operations import OPERATIONS

    sys.stdout.write(text_of(document_of(OPERATIONS)))


if __name__ == "__main__":
    main()
