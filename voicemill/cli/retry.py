"""`voicemill retry`: retry the unfinished rows of an earlier run, from its results folder alone."""

from pathlib import Path
from typing import Annotated

import typer

from voicemill.cli.help_page import Command, command_app, examples
from voicemill.cli.option_groups import with_options
from voicemill.cli.options import Force, JsonOfRun, RetryOptions, StoredResultsOfRun
from voicemill.errors import ConfigError

app = command_app()


@app.command(
    cls=Command,
    epilog=examples(
        "voicemill retry results/book",
        "voicemill retry results/book --class throttled,transient",
        "voicemill retry results/book --id row-0003,row-0004 --force",
        "voicemill retry results/book --max-concurrency 4",
    ),
)
@with_options
def retry(
    results: StoredResultsOfRun,
    options: RetryOptions,
    classes: Annotated[
        str | None,
        typer.Option(
            "--class",
            metavar="NAMES",
            help="Only rows with these statuses, error classes or error codes, such as throttled,transient.",
            rich_help_panel="Input",
        ),
    ] = None,
    ids: Annotated[
        str | None,
        typer.Option("--id", metavar="IDS", help="Only the rows with these ids: a,b.", rich_help_panel="Input"),
    ] = None,
    id_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Only the rows whose ids this file lists.", rich_help_panel="Input"),
    ] = None,
    force: Force = False,
    as_json: JsonOfRun = False,
) -> None:
    """Retry unfinished rows with the original settings; options given here override them.

    The manifest is not needed: the results folder holds the plan. Rows that the service refused are retried only with
    --force.
    """
    from flows.prefect_server.ensure import ensure_server
    from voicemill.cli.flow_runner import end_with, retry_flow, run_flow
    from voicemill.config import changed_settings
    from voicemill.pipeline.prepare import planned_facts
    from voicemill.pipeline.selection import Selection
    from voicemill.store.bucket_copies import opened_run

    selection = Selection(_names(classes), (*_names(ids), *_lines(id_file)), force)
    changes = options.changes()
    with opened_run(results) as folder:
        with folder.locked():
            facts = planned_facts(folder)
        changed_settings(facts.settings, changes)  # reports invalid options before a server is started
        with ensure_server() as lease:
            summary = run_flow(retry_flow, folder, lease, as_json=as_json, selection=selection, changes=changes)
    end_with(summary, as_json=as_json)


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(part for part in (text or "").split(",") if part)


def _lines(path: Path | None) -> tuple[str, ...]:
    try:
        return tuple(path.read_text(encoding="utf-8").splitlines()) if path else ()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read the id file: {error}; give a text file with one id per line") from None
