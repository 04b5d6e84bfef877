"""A Sphinx extension that writes the reference pages from the code, each time the site is built.

Names, types, defaults and choices come from the code. Explanations come from `descriptions.toml`. A name without an
explanation, or an explanation without a name, fails the build.
"""

from collections.abc import Callable
from pathlib import Path

from pygments.lexers.data import JsonLexer
from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx
from sphinx.config import Config

from docs.reference_pages import book_exclusions, commands, docstrings, errors, fault_counts, manifest, settings, tables

PAGES: dict[str, Callable[[], str]] = {
    "commands": commands.page,
    "manifest-columns": manifest.page,
    "manifest-other-names": manifest.other_names,
    "manifest-time-words": manifest.time_words,
    "items": tables.items,
    "words": tables.words,
    "segments": tables.segments,
    "passages": tables.passages,
    "settings": settings.page,
    "exit-codes": errors.exit_codes,
    "errors": errors.error_tree,
    "fault-counts": fault_counts.page,
    "book-exclusions": book_exclusions.page,
}


def write_pages(folder: Path) -> None:
    """Write every generated page to `folder`; files that would not change are left alone."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, page in PAGES.items():
        path, text = folder / f"{name}.md", page()
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def _on_config(app: Sphinx, _config: Config) -> None:
    write_pages(Path(app.srcdir) / "_generated")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("config-inited", _on_config)
    app.connect("autodoc-process-docstring", docstrings.mark_code, priority=400)
    for name, lexer in {"csv": TextLexer, "srt": TextLexer, "jsonl": JsonLexer}.items():
        app.add_lexer(name, lexer)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
