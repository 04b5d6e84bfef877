"""Options for the checks of generated audio."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import typer

from voicemill.cli.option_groups import Options, Sets


@dataclass(frozen=True, kw_only=True)
class QualityOptions(Options):
    """How generated audio is checked."""

    panel: ClassVar[str] = "Quality"

    check: Annotated[
        str | None,
        Sets("defaults", "check"),
        typer.Option(
            metavar="CHECK",
            help="Check of generated audio in rows without one: off, signals, guided or transcribed. "
            "[default: signals]",
        ),
    ] = None
    takes: Annotated[
        int | None,
        Sets("defaults", "takes"),
        typer.Option(
            metavar="N", help="Generate a passage with a bad verdict again, up to N takes in total. [default: 1]"
        ),
    ] = None
    check_with: Annotated[
        str | None,
        Sets("checks", "recognizer"),
        typer.Option(
            metavar="WHICH",
            help="Recognizer of transcribed checks: service, which is billed, or local for Whisper on this machine. "
            "[default: service]",
        ),
    ] = None
    allowed_words: Annotated[
        str | None,
        Sets("inputs", "allowed_words"),
        typer.Option(metavar="FILE", help="Text file of words that checks do not compare, one per line."),
    ] = None
