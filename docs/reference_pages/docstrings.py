"""Docstrings as the API reference shows them."""

from typing import Any

_SECTIONS = ("Args:", "Attributes:", "Returns:", "Raises:", "Yields:")


def mark_code(_app: Any, _what: str, _name: str, _obj: Any, _options: Any, lines: list[str]) -> None:  # noqa: ANN401
    """Turn indented paragraphs before the first section into code blocks, in place."""
    marked: list[str] = []
    is_code = False
    for place, line in enumerate(lines):
        if line.strip() in _SECTIONS:
            marked += lines[place:]
            break
        is_indented = line.startswith("    ")
        if is_indented and not is_code:
            marked += [".. code-block:: python", ""]
        is_code = is_indented or (is_code and not line.strip())
        marked.append(line)
    lines[:] = marked
