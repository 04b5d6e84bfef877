"""`voicemill verify`: check a results folder for damage, and repair it."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from voicemill.cli.help_page import Command, command_app, examples
from voicemill.cli.options import Json, StoredResultsOfRun
from voicemill.errors import ExitCode

if TYPE_CHECKING:
    from voicemill.pipeline.audit import Violation
    from voicemill.pipeline.summary import Summary
    from voicemill.store.results_folder import ResultsFolder

app = command_app()

_SHOWN = 100
_ENDED_EARLY = (ExitCode.FATAL_API, ExitCode.FATAL_STORAGE, ExitCode.BUDGET, ExitCode.INTERRUPTED)


@app.command(
    cls=Command,
    epilog=examples("voicemill verify results/book", "voicemill verify results/book --repair"),
)
def verify(
    results: StoredResultsOfRun,
    repair: Annotated[bool, typer.Option("--repair", help="Restore damaged files, answers and tables.")] = False,
    as_json: Json = False,
) -> None:
    """Check every file, answer and table of a results folder for damage.

    Exits with 1 if something is damaged. A repair restores files and tables from stored answers without API calls;
    only damaged answers are requested again.
    """
    from voicemill.cli.flow_runner import say
    from voicemill.pipeline.audit import audit
    from voicemill.report.amounts import counted
    from voicemill.store.bucket_copies import opened_run, place_of

    with opened_run(results, files=True) as folder:
        place = place_of(folder)
        with folder.locked():
            found = audit(folder.path)
        if repair and _damage(found):
            summary = _repaired(folder, found)
            if summary.exit_code in _ENDED_EARLY:
                say(f"The repair ended early: {summary.reason}")
                raise typer.Exit(summary.exit_code)
            say(f"Repaired with {counted(summary.calls_made, 'call')}. Damaged files were moved to {folder.damaged}.")
            found = audit(folder.path)
    _end(place, found, as_json=as_json)


def _damage(found: "list[Violation]") -> "list[Violation]":
    return [violation for violation in found if not violation.is_note]


def _repaired(folder: "ResultsFolder", found: "list[Violation]") -> "Summary":
    from flows.prefect_server.ensure import ensure_server
    from voicemill.cli.flow_runner import retry_flow, run_flow, say
    from voicemill.manifest.problems import printable
    from voicemill.pipeline.audit import answer_store
    from voicemill.pipeline.audit.violations import set_damage_aside
    from voicemill.pipeline.prepare import planned_facts
    from voicemill.store.bucket_copies import delete_files_set_aside

    planned_facts(folder)  # reports a folder without a plan before anything is moved
    with folder.locked():
        selection = set_damage_aside(folder, answer_store(folder), found)
        delete_files_set_aside(folder)
    for violation in _damage(found)[:_SHOWN]:
        say(printable(str(violation)))
    with ensure_server() as lease:
        return run_flow(retry_flow, folder, lease, as_json=False, selection=selection)


def _end(place: str, found: "list[Violation]", *, as_json: bool) -> NoReturn:
    from voicemill.manifest.problems import printable

    damage = _damage(found)
    if as_json:
        content = {"results": place, "good": not damage, "violations": [asdict(one) for one in found]}
        typer.echo(json.dumps(content, indent=2))
    else:
        for violation in [*damage, *(one for one in found if one.is_note)][:_SHOWN]:
            typer.echo(printable(str(violation)))
        if len(found) > _SHOWN:
            typer.echo(f"… and {len(found) - _SHOWN} more")
        typer.echo(f"{place}: {_verdict(damage)}")
    raise typer.Exit(ExitCode.SOME_FAILED if damage else ExitCode.OK)


def _verdict(damage: "list[Violation]") -> str:
    from voicemill.report.amounts import counted

    if not damage:
        return "no damage found in files, answers and tables."
    return f"{counted(len(damage), 'problem')} found; restore with voicemill verify --repair."
