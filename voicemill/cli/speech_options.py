"""Options about how the texts of a manifest are spoken."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import typer

from voicemill.cli.option_groups import Options, Sets


@dataclass(frozen=True, kw_only=True)
class SpeechOptions(Options):
    """The speakers that texts name, and how words are said."""

    panel: ClassVar[str] = "Input"

    cast: Annotated[
        str | None,
        Sets("inputs", "cast"),
        typer.Option(
            metavar="FILE", help="CSV file of the speakers that texts name, with their voices. [default: the book's]"
        ),
    ] = None
    pronunciations: Annotated[
        str | None,
        Sets("inputs", "pronunciations"),
        typer.Option(metavar="FILE", help="CSV file of words and how to say them. [default: the book's]"),
    ] = None
