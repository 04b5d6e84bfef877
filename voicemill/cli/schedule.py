"""`voicemill schedule`: recurring runs, stored by Prefect and served by `voicemill up`."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any

import typer

from voicemill.cli.help_page import Command, examples, group_app
from voicemill.cli.options import Json, RunOptions, results_folder
from voicemill.errors import ConfigError

app = group_app("Create, list, pause and remove recurring runs.")

_USAGE: type[Exception] = next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "UsageError")
"""Click's error for a wrong command line. Newer versions of Typer bundle Click, older ones import it."""

Name = Annotated[str, typer.Argument(metavar="NAME", help="The name of the schedule.", show_default=False)]


@app.command(
    cls=Command,
    epilog=examples(
        'voicemill schedule add nightly --cron "0 1 * * *" --timezone Europe/Berlin -- run book.csv -o results/book',
        "voicemill schedule add hourly --every 3600 -- run 'inbox/*.wav' --op stt -o results/inbox",
    ),
)
def add(
    name: Name,
    command: Annotated[
        list[str], typer.Argument(metavar="-- run MANIFEST …", help="The command of a run.", show_default=False)
    ],
    cron: Annotated[str, typer.Option(metavar="CRON", help='When to run, such as "0 1 * * *".')] = "",
    timezone: Annotated[str, typer.Option(metavar="ZONE", help="Time zone of --cron, such as Europe/Berlin.")] = "UTC",
    every: Annotated[
        float, typer.Option(min=0, metavar="SECONDS", show_default=False, help="Interval between runs.")
    ] = 0,
    skip_if_later_than: Annotated[
        float,
        typer.Option(
            min=0,
            metavar="SECONDS",
            show_default=False,
            help="Skip a run that starts later than this. [default: never skip]",
        ),
    ] = 0,
) -> None:
    """Create a schedule, or replace the one with this name.

    Give either --cron or --every. Only new and changed rows are processed and billed.
    """
    parameters = _parameters(command) | {"skip_if_later_than_s": skip_if_later_than}
    with _prefect():
        from flows.schedules import Recurrence
        from flows.schedules import add as add_schedule

        asyncio.run(add_schedule(name, Recurrence(cron, timezone, every), parameters))
    typer.echo(f"Created schedule {name!r}. Serve it with voicemill up.")


@app.command("list", cls=Command, epilog=examples("voicemill schedule list", "voicemill schedule list --json"))
def list_schedules(as_json: Json = False) -> None:
    """List schedules with their next run and how the last one ended."""
    with _prefect():
        from flows.schedules import listed

        found = asyncio.run(listed())
    typer.echo(json.dumps(found, indent=2) if as_json else "\n".join(_lines(found) or ["No schedules."]))


@app.command(cls=Command, epilog=examples("voicemill schedule pause nightly"))
def pause(name: Name) -> None:
    """Pause a schedule."""
    _set_paused(name, paused=True)
    typer.echo(f"Paused schedule {name!r}.")


@app.command(cls=Command, epilog=examples("voicemill schedule resume nightly"))
def resume(name: Name) -> None:
    """Resume a paused schedule."""
    _set_paused(name, paused=False)
    typer.echo(f"Resumed schedule {name!r}.")


@app.command("remove", cls=Command, epilog=examples("voicemill schedule remove nightly"))
def remove_schedule(name: Name) -> None:
    """Remove a schedule; its results folder stays."""
    with _prefect():
        from flows.schedules import remove

        asyncio.run(remove(name))
    typer.echo(f"Removed schedule {name!r}.")


def _set_paused(name: str, *, paused: bool) -> None:
    with _prefect():
        from flows.schedules import set_paused

        asyncio.run(set_paused(name, paused=paused))


@contextmanager
def _prefect() -> Iterator[None]:
    from flows.prefect_server.ensure import ensure_server

    with ensure_server() as lease:
        lease.wait_until_ready()
        yield


def _lines(found: list[dict[str, Any]]) -> list[str]:
    from voicemill.manifest.problems import printable

    lines = []
    for one in found:
        next_run = "paused" if one["paused"] else f"next run {one['next_run'] or 'when voicemill up serves it'}"
        lines.append(f"{one['name']}: {one['fires']}, {next_run}")
        lines.append(f"  {one['manifest']} to {one['results']}")
        if one["last_run"]:
            message = printable(one["last_message"] or "no message")
            lines.append(f"  last run {one['last_run']}: {one['last_state']}, {message}")
    return lines


def _parameters(command: Sequence[str]) -> dict[str, Any]:
    """The parameters of the scheduled flow, with absolute paths. Raises `ConfigError`."""
    if command[0] != "run":
        raise ConfigError(f"only runs can be scheduled, not {command[0]!r}; give -- run MANIFEST")
    given = _parsed(command[1:])
    manifest = str(given["manifest"])
    if manifest == "-":
        raise ConfigError("standard input cannot be scheduled; give the path of a manifest")
    options = RunOptions(**{field.name: given[field.name] for field in fields(RunOptions)})
    return {
        "manifest": str(Path(manifest).absolute()),
        "results": str(results_folder(given["results"], manifest).absolute()),
        "settings": options.settings().model_dump(mode="json"),
    }


def _parsed(arguments: Sequence[str]) -> dict[str, Any]:
    from voicemill.cli import run

    try:
        parsed: dict[str, Any] = typer.main.get_command(run.app).make_context("run", [*arguments]).params
    except _USAGE as error:
        raise ConfigError(f"invalid run command: {error}") from None
    return parsed
