"""`/openapi.json`: request bodies, which the routes parse themselves to limit their size, and all responses."""

from typing import Any, Final

from fastapi import FastAPI
from pydantic import BaseModel

from voicemill.engine.synthesis.takes import MOST_TAKES

AUDIO: Final = ("audio/wav", "audio/mpeg", "application/octet-stream")
_BINARY: Final = {"type": "string", "format": "binary"}
_TEXT: Final = {"type": "string"}
_ERROR: Final = {
    "type": "object",
    "required": ["error_code", "title", "message", "request_id"],
    "properties": {
        "error_code": {"type": ["string", "null"]},
        "title": _TEXT,
        "message": _TEXT,
        "request_id": {"type": "string", "format": "uuid"},
    },
}
_REFUSALS: Final = {
    "4XX": "The request is invalid or not allowed; the response says what to change.",
    "5XX": "The engine failed, was shut down or took too long.",
}
_KEYS: Final = {
    "ApiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "Bearer": {"type": "http", "scheme": "bearer", "description": "An API key or an access token."},
}
_VERSION: Final = {
    "name": "Cartesia-Version",
    "in": "header",
    "schema": {"type": "string", "format": "date"},
    "description": "The API version of the response, by default 2024-06-10. Errors are JSON from 2026-03-01 on.",
}

TAKE_HEADER: Final = "Voicemill-Take"
WITH_TAKE: Final = {
    "parameters": [
        {
            "name": TAKE_HEADER,
            "in": "header",
            "schema": {"type": "integer", "minimum": 0, "maximum": MOST_TAKES},
            "description": "Each number from 1 on gives another reading of the same request; 0 is the usual one.",
        }
    ]
}
"""The OpenAPI entry of the header that requests another reading."""


class DocumentedApp(FastAPI):
    """An application whose API description has keys, versions and errors for every path."""

    def openapi(self) -> dict[str, Any]:
        """The API description."""
        if self.openapi_schema is None:
            document = super().openapi()
            document.setdefault("components", {})["securitySchemes"] = _KEYS
            for path, operations in document["paths"].items():
                for operation in operations.values():
                    _complete(operation, needs_key=path != "/")
        document = self.openapi_schema or {}
        return document


def _complete(operation: dict[str, Any], *, needs_key: bool) -> None:
    operation["responses"].pop("422", None)  # FastAPI's default, which the routes never send
    content = {"text/plain": {"schema": _TEXT}, "application/json": {"schema": _ERROR}}
    for statuses, description in _REFUSALS.items():
        operation["responses"][statuses] = {"description": description, "content": content}
    operation.setdefault("parameters", []).append(_VERSION)
    operation["security"] = [{name: []} for name in _KEYS] if needs_key else []


def answered_with(*media_types: str) -> dict[str, Any]:
    """The OpenAPI entry of a successful response that is not JSON."""
    content = {kind: {"schema": _BINARY} if kind in AUDIO else {} for kind in media_types}
    return {"responses": {"200": {"content": content}}}


def documented_query(**fields: dict[str, Any]) -> dict[str, Any]:
    """The OpenAPI entry of a query string that the route parses itself: the schema of each field by name."""
    return {"parameters": [{"name": name, "in": "query", "schema": schema} for name, schema in fields.items()]}


def documented(model: type[BaseModel]) -> dict[str, Any]:
    """The OpenAPI entry of a JSON body, which the route parses itself to limit its size."""
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": _whole_schema(model)}}}}


def documented_form(**fields: str) -> dict[str, Any]:
    """The OpenAPI entry of a multipart form: each field `file`, `text` or `texts`, with `!` if it is required."""
    kinds: dict[str, dict[str, Any]] = {
        "file": _BINARY,
        "text": _TEXT,
        "texts": {"type": "array", "items": _TEXT},
    }
    schema = {
        "type": "object",
        "properties": {name: kinds[kind.rstrip("!")] for name, kind in fields.items()},
        "required": [name for name, kind in fields.items() if kind.endswith("!")],
    }
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}


def _whole_schema(model: type[BaseModel]) -> dict[str, Any]:
    """The JSON schema of a model without references."""
    schema = model.model_json_schema()
    definitions = schema.pop("$defs", {})

    def resolved(node: Any) -> Any:  # noqa: ANN401 - any part of a schema
        if isinstance(node, list):
            return [resolved(item) for item in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            return resolved(definitions[node["$ref"].rpartition("/")[2]])
        return {name: resolved(value) for name, value in node.items()}

    whole: dict[str, Any] = resolved(schema)
    return whole
