"""Every setting of a profile, from the models that check them."""

from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from docs.reference_pages.markdown import code, explained, table
from voicemill.config import Settings


def page() -> str:
    """Every section with its settings: default, range and meaning."""
    parts = [_section("", {name: field for name, field in _fields(Settings) if not _is_section(field)})]
    for name, field in _fields(Settings):
        if _is_section(field):
            parts.append(_section(name, dict(_fields(field.annotation))))
    return "\n".join(parts)


def _fields(model: Any) -> Iterator[tuple[str, FieldInfo]]:  # noqa: ANN401 - a Pydantic model class
    yield from model.model_fields.items()


def _is_section(field: FieldInfo) -> bool:
    return isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)


def _section(name: str, fields: dict[str, FieldInfo]) -> str:
    texts = explained(f"settings.{name}" if name else "settings", fields)
    rows = [(code(key), _default(field), _values(field), texts[key]) for key, field in fields.items()]
    heading = f"## `[{name}]`\n" if name else "## Top level\n"
    return heading + "\n" + table(["setting", "default", "values", "meaning"], rows)


def _default(field: FieldInfo) -> str:
    default = field.default
    return "" if default in ("", ()) else code(str(default).lower() if isinstance(default, bool) else default)


def _values(field: FieldInfo) -> str:
    choices = [code(choice) for choice in get_args(field.annotation) if isinstance(choice, str)]
    if choices:
        return ", ".join(choices)
    limits = {type(limit).__name__.lower(): limit for limit in field.metadata}
    signs = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
    found = [f"{sign} {getattr(limits[name], name):,}" for name, sign in signs.items() if name in limits]
    return ", ".join(found) or {bool: "`true`, `false`", str: "text"}.get(field.annotation, "list of texts")  # type: ignore[arg-type]
