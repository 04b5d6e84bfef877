"""`voicemill schedule`: recurring runs, stored by Prefect and served by `voicemill up`."""

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from voicemill.cli.help_page import Command, examples, group_app
from voicemill.cli.options import Json, RunOptions, results_folder
from voicemill.errors import ConfigError

if TYPE_CHECKING:
    from flows.recurrence import Recurrence

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
        list[str], typer.Argument(metavar="-- run MANIFEST …", help="The run command.", show_default=False)
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
            help="Skip a run that would start more than this late. [default: never skip]",
        ),
    ] = 0,
) -> None:
    """Create a schedule, or replace the one with this name.

    Give either --cron or --every. Only new and changed rows are processed and billed.
    """
    parameters = _parameters(command) | {"skip_if_later_than_s": skip_if_later_than}
    recurrence, times = _recurrence(cron, timezone, every)
    with _prefect():
        from flows.schedules import add as add_schedule

        asyncio.run(add_schedule(name, recurrence, parameters))
    next_runs = "\n".join(f"  {time}" for time in times)
    typer.echo(f"Created schedule {name!r}. Next runs:\n{next_runs}\nServe it with voicemill up.")


@app.command("list", cls=Command, epilog=examples("voicemill schedule list", "voicemill schedule list --json"))
def list_schedules(as_json: Json = False) -> None:
    """List schedules with their next run and last result.

    Times are in the time zone of each schedule. The list shows whether a worker serves the schedule now.
    """
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


def _recurrence(cron: str, timezone: str, every_s: float) -> tuple["Recurrence", list[str]]:
    """The checked recurrence and its first times as text. Raises `ConfigError`."""
    from flows.prefect_server.settings import quiet_prefect_logging

    quiet_prefect_logging()
    from flows.recurrence import Recurrence, shown_time

    recurrence = Recurrence(cron, timezone, every_s)
    return recurrence, [shown_time(time) for time in asyncio.run(recurrence.first_times())]


@contextmanager
def _prefect() -> Iterator[None]:
    from flows.prefect_server.ensure import ensure_server

    with ensure_server() as lease:
        lease.wait_until_ready()
        yield


def _lines(found: list[dict[str, Any]]) -> list[str]:
    lines = []
    for schedule in found:
        lines.append(f"{schedule['name']}: {schedule['fires']}, {_state(schedule)}")
        lines.append(f"  {schedule['manifest']} to {schedule['results']}")
        if schedule["last_run"]:
            lines.append(f"  {_last_run(schedule)}")
    return lines


def _state(schedule: Mapping[str, Any]) -> str:
    if schedule["paused"]:
        return "paused"
    next_run = _local(schedule, "next_run") if schedule["next_run"] else "never"
    served = "served now" if schedule["served"] else "not served now: start voicemill up"
    return f"next run {next_run} ({served})"


def _last_run(schedule: Mapping[str, Any]) -> str:
    from voicemill.manifest.problems import printable

    message = printable(schedule["last_message"] or "no message")
    return f"last run {_local(schedule, 'last_run')}: {schedule['last_state']}, {message}"


def _local(schedule: Mapping[str, Any], key: str) -> str:
    from flows.recurrence import shown_time

    return shown_time(datetime.fromisoformat(schedule[key]).astimezone(ZoneInfo(schedule["timezone"])))


def _parameters(command: Sequence[str]) -> dict[str, Any]:
    """The parameters of the scheduled flow, with absolute paths. Raises `ConfigError`."""
    from voicemill.store.results_folder import ResultsFolder

    if command[0] != "run":
        raise ConfigError(f"only runs can be scheduled, not {command[0]!r}; give -- run MANIFEST")
    given = _parsed(command[1:])
    manifest = str(given["manifest"])
    _check_source(manifest)
    options = RunOptions(**{field.name: given[field.name] for field in fields(RunOptions)})
    return {
        "manifest": _absolute(manifest),
        "results": str(ResultsFolder(results_folder(given["results"], manifest)).path.absolute()),
        "settings": options.settings().model_dump(mode="json"),
    }


def _absolute(manifest: str) -> str:
    """The manifest with an absolute path; the @ of a list stays in front."""
    is_list = manifest.startswith("@") and not Path(manifest).exists()
    return f"@{Path(manifest[1:]).absolute()}" if is_list else str(Path(manifest).absolute())


def _check_source(manifest: str) -> None:
    from voicemill.manifest import missing_source

    if manifest in ("-", "@-"):
        raise ConfigError("standard input cannot be scheduled; give the path of a manifest")
    if missing := missing_source(manifest):
        raise ConfigError(f"{missing} does not exist; create it before you schedule its run, or correct the path")


def _parsed(arguments: Sequence[str]) -> dict[str, Any]:
    from voicemill.cli import run

    try:
        parsed: dict[str, Any] = typer.main.get_command(run.app).make_context("run", [*arguments]).params
    except _USAGE as error:
        raise ConfigError(f"invalid run command: {error}") from None
    return parsed
