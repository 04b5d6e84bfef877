"""`voicemill check`: check the audio and transcripts of a results folder."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, NoReturn, cast

import typer

from voicemill.cli.help_page import Command, command_app, examples
from voicemill.cli.options import Json, StoredResultsOfRun
from voicemill.errors import ConfigError, ExitCode

if TYPE_CHECKING:
    from voicemill.model import Check
    from voicemill.pipeline.check_results import CheckedPassage

app = command_app()

_SHOWN = 100
_TEXT_CHARACTERS = 60
_CHECKS = ("signals", "guided", "transcribed")


@app.command(
    cls=Command,
    epilog=examples(
        "voicemill check results/book",
        "voicemill check results/book --check signals --json",
        "voicemill check results/book --check transcribed",
    ),
)
def check(
    results: StoredResultsOfRun,
    check: Annotated[
        str,
        typer.Option(
            "--check",
            metavar="CHECK",
            help="signals; guided, which compares the words with the text; or transcribed, which does so with Whisper "
            "on this machine.",
        ),
    ] = "guided",
    as_json: Json = False,
) -> None:
    """Check the audio and transcripts of finished rows for faults, without API calls.

    Lists the bad and the inconclusive passages with the reason and the time. Exits with 1 if a passage is bad.
    """
    from voicemill.pipeline.check_results import check_results
    from voicemill.store.bucket_copies import opened_run

    if check not in _CHECKS:
        raise ConfigError(f"unknown check {check!r}; use {', '.join(_CHECKS)}")
    with opened_run(results) as folder, folder.locked():
        found = [*check_results(folder, cast("Check", check))]
    if as_json:
        typer.echo(json.dumps([asdict(passage) for passage in found], indent=2, ensure_ascii=False))
    else:
        _print(found)
    _end(found)


def _print(found: "Sequence[CheckedPassage]") -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from voicemill.manifest.problems import printable
    from voicemill.pipeline.check_results import is_suspect, places
    from voicemill.report.amounts import counted

    suspects = [passage for passage in found if is_suspect(passage)]
    table = Table("passage", "verdict", "reason", "at", "text", box=box.SIMPLE, pad_edge=False)
    for passage in suspects[:_SHOWN]:
        for finding in places(passage):
            detail = f"{finding.reason}: {finding.detail}" if finding.detail else finding.reason
            text = printable(passage.text, _TEXT_CHARACTERS)
            at = f"{finding.start_s:.1f}–{finding.end_s:.1f} s"
            table.add_row(f"{printable(passage.id, 60)}/{passage.number}", passage.verdict.state, detail, at, text)
    if suspects:
        Console().print(table, markup=False)
    if len(suspects) > _SHOWN:
        typer.echo(f"… and {len(suspects) - _SHOWN} more")
    states = Counter(passage.verdict.state.value for passage in found)
    counts = ", ".join(f"{states[state]:,} {state}" for state in ("ok", "bad", "inconclusive") if states[state])
    typer.echo(f"{counted(len(found), 'passage')} checked: {counts or 'none'}.")


def _end(found: "Sequence[CheckedPassage]") -> NoReturn:
    is_bad = any(passage.verdict.state == "bad" for passage in found)
    raise typer.Exit(ExitCode.SOME_FAILED if is_bad else ExitCode.OK)
