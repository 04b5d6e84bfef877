"""`voicemill retry`: what an earlier run did not finish, from its results folder alone."""

from pathlib import Path
from typing import Annotated, Any

import typer

from flows.prefect_server.ensure import ensure_server
from voicemill.cli.flow_runner import end_with, run_flow
from voicemill.cli.options import Force, Json, ResultsOfRun, RetryOptions, results_of_run, with_options
from voicemill.config import changed_settings
from voicemill.errors import ConfigError
from voicemill.pipeline.prepare import planned_facts
from voicemill.pipeline.selection import Selection


@with_options
def retry(
    results: ResultsOfRun,
    options: RetryOptions,
    classes: Annotated[
        str | None,
        typer.Option("--class", help="Only rows with these statuses, classes or codes of errors: throttled,transient"),
    ] = None,
    ids: Annotated[str | None, typer.Option("--id", help="Only the rows with these ids: a,b")] = None,
    id_file: Annotated[Path | None, typer.Option(help="Only rows whose ids stand in this file, one a line.")] = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Try the rows that failed or were not started again, as the run that made the folder was told, or as told now."""
    folder = results_of_run(results)
    with folder.locked():
        facts = planned_facts(folder)
    selection = Selection(_listed(classes), (*_listed(ids), *_lines(id_file)), force)
    changes = options.changes()
    changed_settings(facts.settings, changes)  # says what is wrong with them before anything is started
    with ensure_server() as lease:
        summary = run_flow(_retry, folder, facts, lease, selection=selection, changes=changes)
    end_with(summary, as_json=as_json)


def _retry() -> Any:  # noqa: ANN401 - a flow
    from flows.retry import retry

    return retry


def _listed(text: str | None) -> tuple[str, ...]:
    return tuple(part for part in (text or "").split(",") if part)


def _lines(path: Path | None) -> tuple[str, ...]:
    try:
        return tuple(path.read_text(encoding="utf-8").splitlines()) if path else ()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"the file of ids cannot be read: {error}; give a text file with one id a line") from None
