"""`voicemill status`: how a results folder stands, while a run works in it or after."""

import json
from typing import Any

import typer

from voicemill.cli.options import Json, ResultsOfRun, results_of_run
from voicemill.model import Status
from voicemill.store.results_folder import ResultsFolder, read_json
from voicemill.store.tables.items_table import count_by_status


def status(results: ResultsOfRun, as_json: Json = False) -> None:
    """Show how far a run is, or how it ended."""
    folder = results_of_run(results)
    standing = _standing(folder)
    typer.echo(json.dumps(standing, indent=2) if as_json else "\n".join(_lines(standing)))


def _standing(folder: ResultsFolder) -> dict[str, Any]:
    progress = read_json(folder.progress) or {}
    about = read_json(folder.run_file) or {}
    if folder.is_locked():
        state = "running"
    elif about and not folder.is_cut_short:
        state = "ended"
    else:
        state = "cut short"
    rows = count_by_status(folder.items) if state == "ended" and folder.items.is_file() else _live_rows(progress)
    return {
        "results": str(folder.path),
        "state": state,
        "rows": rows,
        "progress": progress,
        "last_run": about.get("summary"),
    }


def _live_rows(progress: dict[str, Any]) -> dict[str, int]:
    done, failed, refused = (int(progress.get(f"rows_{name}", 0)) for name in ("done", "failed", "refused"))
    rest = int(progress.get("rows", 0)) - done - failed - refused
    return {Status.DONE: done, Status.FAILED: failed, Status.REFUSED: refused, Status.NOT_STARTED: rest}


def _lines(standing: dict[str, Any]) -> list[str]:
    lines = [f"{standing['results']}: {standing['state']}"]
    lines += [f"  {name.replace('_', ' '):12} {count:>8}" for name, count in standing["rows"].items()]
    progress = standing["progress"]
    if standing["state"] == "running" and progress:
        lines.append(f"  {progress['calls_in_flight']} calls in flight of at most {progress['slots']}")
    if standing["state"] == "cut short":
        lines.append("Run the same command again to go on: nothing that was paid for is paid again.")
    elif (standing["last_run"] or {}).get("reason"):
        lines.append(f"Ended because: {standing['last_run']['reason']}")
    return lines
