"""Markdown tables, and the explanations that stand in them."""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; pipes and line ends within cells are escaped."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def code(text: object) -> str:
    """`text` as inline code, or nothing where it is empty."""
    return f"`{text}`" if str(text) else ""


@cache
def _descriptions() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("descriptions.toml").read_text(encoding="utf-8"))


def explained(section: str, names: Iterable[str]) -> Mapping[str, Any]:
    """The explanations of `names`. Raises `ValueError` unless the section explains exactly these."""
    found: dict[str, Any] = _descriptions()[section]
    expected = set(names)
    if found.keys() != expected:
        missing, unknown = sorted(expected - found.keys()), sorted(found.keys() - expected)
        raise ValueError(f"descriptions.toml, [{section}]: missing {missing}, not in the code {unknown}")
    return found
