"""`voicemill validate`: check a manifest without sending anything that costs money."""

import asyncio
import json
from typing import TYPE_CHECKING

import typer

from voicemill.cli.help_page import Command, command_app, examples
from voicemill.cli.option_groups import with_options
from voicemill.cli.options import Json, Manifest, Results, RowOptions, results_folder
from voicemill.errors import ExitCode

if TYPE_CHECKING:
    from voicemill.pipeline.check_manifest import CheckedManifest

app = command_app()

_SHOWN = 100


@app.command(
    cls=Command,
    epilog=examples(
        "voicemill validate book.csv",
        "voicemill validate book.csv --json",
        "voicemill validate 'recordings/*.wav' --op stt",
    ),
)
@with_options
def validate(manifest: Manifest, options: RowOptions, results: Results = None, as_json: Json = False) -> None:
    """Check a manifest and list every problem by row and column.

    Nothing is generated or billed. With an API key, voicemill requests the list of voices from the service.
    Recordings that an earlier run in the results folder inspected are not inspected again.
    """
    from voicemill.pipeline.check_manifest import check_manifest
    from voicemill.store.results_folder import ResultsFolder

    folder = ResultsFolder(results_folder(results, manifest))
    checked = asyncio.run(check_manifest(manifest, options.settings(), folder))
    if as_json:
        typer.echo(json.dumps(checked.as_dict(), indent=2, ensure_ascii=False))
    else:
        _print(manifest, checked)
    raise typer.Exit(_exit_code(checked))


def _exit_code(checked: "CheckedManifest") -> ExitCode:
    if checked.problem_count:
        return ExitCode.USAGE
    return ExitCode.SOME_REFUSED if checked.refused else ExitCode.OK


def _print(manifest: str, checked: "CheckedManifest") -> None:
    for warning in checked.warnings[:_SHOWN]:
        typer.echo(f"warning: {warning}", err=True)
    for problem in checked.problems[:_SHOWN]:
        typer.echo(str(problem))
    if checked.problem_count > _SHOWN:
        typer.echo(f"… and {checked.problem_count - _SHOWN} more")
    typer.echo(f"{manifest}: {_verdict(checked)}")
    if checked.dialect:
        typer.echo(f"The file is {checked.dialect}.")


def _verdict(checked: "CheckedManifest") -> str:
    from voicemill.report.amounts import counted

    if checked.problem_count:
        return f"{counted(checked.problem_count, 'problem')}; no row was sent."
    if checked.refused:
        return f"{counted(checked.rows, 'row')}, {checked.refused:,} of which will be refused; the others are valid."
    return f"{counted(checked.rows, 'row')}, all valid."
