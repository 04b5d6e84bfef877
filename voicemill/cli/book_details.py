"""Options for the details of a book."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

import typer

from voicemill.cli.option_groups import Options


@dataclass(frozen=True, kw_only=True)
class DetailOptions(Options):
    """What a finished audiobook says about its book. Each replaces what `book.toml` says."""

    panel: ClassVar[str] = "Book"

    title: Annotated[str | None, typer.Option(metavar="TITLE", help="Title. [default: as in book.toml]")] = None
    author: Annotated[str | None, typer.Option(metavar="NAME", help="Author. [default: as in book.toml]")] = None
    narrator: Annotated[str | None, typer.Option(metavar="NAME", help="Narrator. [default: as in book.toml]")] = None
    language: Annotated[
        str | None, typer.Option(metavar="CODE", help="Language, such as en. [default: as in book.toml]")
    ] = None
    publisher: Annotated[str | None, typer.Option(metavar="NAME", help="Publisher. [default: as in book.toml]")] = None
    year: Annotated[
        str | None, typer.Option(metavar="YEAR", help="Year of publication. [default: as in book.toml]")
    ] = None
    isbn: Annotated[str | None, typer.Option(metavar="ISBN", help="ISBN, for the file names of Google Play.")] = None
    cover: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Cover, JPEG or PNG. [default: cover.jpg beside book.toml]")
    ] = None
