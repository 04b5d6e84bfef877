"""Options for the rows that a run processes, and for the processes that do the work."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import typer

from voicemill.cli.option_groups import Options, Sets


@dataclass(frozen=True, kw_only=True)
class RowCountOptions(Options):
    """The rows that a run processes."""

    panel: ClassVar[str] = "Budget"

    limit: Annotated[
        int | None,
        Sets("budget", "first_rows"),
        typer.Option(metavar="N", help="Process only the first N rows."),
    ] = None
    sample: Annotated[
        int | None,
        Sets("budget", "sample_rows"),
        typer.Option(metavar="N", help="Process only N rows, spread evenly over the manifest."),
    ] = None


@dataclass(frozen=True, kw_only=True)
class RunnerOptions(Options):
    """The processes that do the work of a run."""

    runner: Annotated[
        str | None,
        Sets("", "runner"),
        typer.Option(
            metavar="local|process:N|dask://HOST:PORT|ray://HOST:PORT|pool:NAME",
            help="Where the rows are processed. [default: local]",
        ),
    ] = None
    shard_rows: Annotated[
        int | None,
        Sets("", "shard_rows"),
        typer.Option(metavar="N", help="Rows that a worker gets at a time. [default: a 24th of the calls]"),
    ] = None
