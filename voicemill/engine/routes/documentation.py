"""What `/openapi.json` says of bodies that the routes read themselves, to bound and check them."""

from typing import Any

from pydantic import BaseModel


def documented(model: type[BaseModel]) -> dict[str, Any]:
    """The OpenAPI entry of a JSON body, which the route reads itself to bound it."""
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": _whole_schema(model)}}}}


def documented_form(**fields: str) -> dict[str, Any]:
    """The OpenAPI entry of a multipart form: each field `file`, `text` or `texts`, with `!` where it is needed."""
    kinds: dict[str, dict[str, Any]] = {
        "file": {"type": "string", "format": "binary"},
        "text": {"type": "string"},
        "texts": {"type": "array", "items": {"type": "string"}},
    }
    schema = {
        "type": "object",
        "properties": {name: kinds[kind.rstrip("!")] for name, kind in fields.items()},
        "required": [name for name, kind in fields.items() if kind.endswith("!")],
    }
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}


def _whole_schema(model: type[BaseModel]) -> dict[str, Any]:
    """The JSON schema of a model with every definition in its place."""
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
