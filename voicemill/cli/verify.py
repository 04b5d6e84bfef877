"""`voicemill verify`: whether a results folder is what its tables say, byte by byte; and the repair of what is not."""

import json
from dataclasses import asdict
from typing import Annotated, Any, NoReturn

import typer

from flows.prefect_server.ensure import ensure_server
from voicemill.cli.flow_runner import run_flow, say
from voicemill.cli.options import Json, ResultsOfRun, results_of_run
from voicemill.errors import ExitCode
from voicemill.manifest.problems import printable
from voicemill.pipeline.audit import Violation, answer_store, audit
from voicemill.pipeline.audit.violations import make_way
from voicemill.pipeline.prepare import planned_facts
from voicemill.pipeline.summary import Summary
from voicemill.report.amounts import counted
from voicemill.store.results_folder import ResultsFolder

_SHOWN = 100


def verify(
    results: ResultsOfRun,
    repair: Annotated[bool, typer.Option("--repair", help="Make again what is damaged, and only that.")] = False,
    as_json: Json = False,
) -> None:
    """Hold every file, answer and table against what was promised; exit code 1 where one is damaged."""
    folder = results_of_run(results)
    with folder.locked():
        found = audit(folder.path)
    if repair and _damage(found):
        summary = _repaired(folder, found)
        if summary.exit_code in (ExitCode.FATAL_API, ExitCode.FATAL_STORAGE, ExitCode.BUDGET, ExitCode.INTERRUPTED):
            say(f"The repair ended early: {summary.reason}")
            raise typer.Exit(summary.exit_code)
        say(f"Repaired, with {counted(summary.calls_made, 'call')}; what was damaged is in {folder.damaged}.")
        found = audit(folder.path)
    _end(folder, found, as_json=as_json)


def _damage(found: list[Violation]) -> list[Violation]:
    return [violation for violation in found if not violation.is_note]


def _repaired(folder: ResultsFolder, found: list[Violation]) -> Summary:
    facts = planned_facts(folder)
    with folder.locked():
        selection = make_way(folder, answer_store(folder), found)
    for violation in _damage(found)[:_SHOWN]:
        say(printable(str(violation)))
    with ensure_server() as lease:
        return run_flow(_retry, folder, facts, lease, selection=selection)


def _retry() -> Any:  # noqa: ANN401 - a flow
    from flows.retry import retry

    return retry


def _end(folder: ResultsFolder, found: list[Violation], *, as_json: bool) -> NoReturn:
    damage = _damage(found)
    if as_json:
        told = {"results": str(folder.path), "good": not damage, "violations": [asdict(one) for one in found]}
        typer.echo(json.dumps(told, indent=2))
    else:
        for violation in [*damage, *(one for one in found if one.is_note)][:_SHOWN]:
            typer.echo(printable(str(violation)))
        if len(found) > _SHOWN:
            typer.echo(f"… and {len(found) - _SHOWN} more")
        typer.echo(f"{folder.path}: {_verdict(damage)}")
    raise typer.Exit(ExitCode.SOME_FAILED if damage else ExitCode.OK)


def _verdict(damage: list[Violation]) -> str:
    if not damage:
        return "every file, answer and table is as promised."
    return f"{counted(len(damage), 'thing')} not as promised; voicemill verify --repair makes just them again."
