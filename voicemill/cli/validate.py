"""`voicemill validate`: every problem of every row, at once; no Prefect, no key, nothing paid."""

import asyncio
import json
from pathlib import Path
from tempfile import TemporaryDirectory

import typer

from voicemill.audio.inspection import Inspector
from voicemill.cli.options import Json, Manifest, Results, RowOptions, results_folder, with_options
from voicemill.config import Settings
from voicemill.errors import ExitCode
from voicemill.manifest import ManifestCheck, VoiceDirectory
from voicemill.pipeline.fetch_inputs import Fetch
from voicemill.service import all_voices, open_service
from voicemill.store.recording_cache import KnownRecordings
from voicemill.store.results_folder import ResultsFolder

_SHOWN = 100


@with_options
def validate(manifest: Manifest, options: RowOptions, results: Results = None, as_json: Json = False) -> None:
    """Check a manifest and list all that is wrong with it, by row and column.

    Recordings that a run in the results folder has read, and that did not change, are not read again.
    """
    settings = options.settings()
    voices = asyncio.run(voice_book(settings))
    known = KnownRecordings(ResultsFolder(results_folder(results, manifest)).recordings)
    with Inspector(known) as inspect, TemporaryDirectory(prefix="voicemill-") as place:
        check = ManifestCheck(manifest, settings, voices, inspect, Fetch.into(Path(place), settings.inputs))
        rows = sum(1 for _ in check)
    if as_json:
        _print_json(check, rows)
    else:
        _print_text(check, manifest, rows)
    refused = ExitCode.SOME_REFUSED if check.refused_count else ExitCode.OK
    raise typer.Exit(ExitCode.USAGE if check.problem_count else refused)


async def voice_book(settings: Settings) -> VoiceDirectory:
    """The voices of the service that the settings name."""
    async with open_service(settings) as service:
        return VoiceDirectory(await all_voices(service, settings.pace))


def _print_text(check: ManifestCheck, manifest: str, rows: int) -> None:
    for warning in check.warnings[:_SHOWN]:
        typer.echo(f"warning: {warning}", err=True)
    for problem in check.problems[:_SHOWN]:
        typer.echo(str(problem))
    if check.problem_count > _SHOWN:
        typer.echo(f"… and {check.problem_count - _SHOWN} more")
    if check.problem_count:
        typer.echo(f"{manifest}: {check.problem_count} problems; nothing was sent.")
    elif check.refused_count:
        typer.echo(f"{manifest}: {rows} rows, of which {check.refused_count} will be refused; the others are good.")
    else:
        typer.echo(f"{manifest}: {rows} rows, all good.")
    if check.dialect:
        typer.echo(f"The file is {check.dialect}.")


def _print_json(check: ManifestCheck, rows: int) -> None:
    def listed(problems: list) -> list[dict[str, object]]:  # type: ignore[type-arg]
        return [{"row": problem.row, "column": problem.column, "why": problem.why} for problem in problems]

    content = {
        "rows": rows,
        "dialect": check.dialect,
        "refused": check.refused_count,
        "problem_count": check.problem_count,
        "problems": listed(check.problems),
        "warnings": listed(check.warnings),
    }
    typer.echo(json.dumps(content, indent=2, ensure_ascii=False))
