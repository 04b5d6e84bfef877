"""The state of a results folder: running, ended or interrupted, with its rows by status."""

from typing import Any

from voicemill.model import Status
from voicemill.report.progress_text import lines as progress_lines
from voicemill.store.bucket_results import stored_state
from voicemill.store.results_folder import ResultsFolder, read_json


def state_of_address(address: str) -> dict[str, Any]:
    """The state of results in an object store, as `state_of`. Raises `ConfigError` and `StorageError`."""
    state, progress, run_file = stored_state(address)
    summary = run_file.get("summary") or {}
    rows = summary.get("rows") or {} if state == "ended" else _rows_of(progress)
    return {"results": address, "state": state, "rows": rows, "progress": progress, "last_run": summary or None}


def state_of(folder: ResultsFolder) -> dict[str, Any]:
    """State, rows by status, the progress file of the last or live run, and the summary of the last ended run."""
    progress = read_json(folder.progress) or {}
    run_file = read_json(folder.run_file) or {}
    if folder.is_locked():
        state = "running"
    elif run_file and not folder.was_interrupted:
        state = "ended"
    else:
        state = "interrupted"
    return {
        "results": str(folder.path),
        "state": state,
        "rows": _rows(folder, state, progress, run_file.get("summary") or {}),
        "progress": progress,
        "last_run": run_file.get("summary"),
    }


def status_lines(state: dict[str, Any]) -> list[str]:
    """The same for a terminal."""
    lines = [f"{state['results']}: {state['state']}"]
    if state["state"] == "running" and not state["progress"]:
        return [*lines, "  The run is starting."]
    lines += [f"  {name.replace('_', ' '):12} {count:>8}" for name, count in state["rows"].items()]
    if state["state"] == "running" and state["progress"]:
        lines += [f"  {title:12} {text}" for title, text in progress_lines(state["progress"])[1:]]
    if state["state"] == "interrupted":
        lines.append("Rerun the same command to resume; completed calls are not billed again.")
    elif (state["last_run"] or {}).get("reason"):
        lines.append(f"Reason: {state['last_run']['reason']}")
    return lines


def _rows(folder: ResultsFolder, state: str, progress: dict[str, Any], last_run: dict[str, Any]) -> dict[str, int]:
    if state == "ended":
        return last_run.get("rows") or _counted(folder)
    return _rows_of(progress)


def _rows_of(progress: dict[str, Any]) -> dict[str, int]:
    """The rows by status of a run that has not ended."""
    done, failed, refused = (int(progress.get(f"rows_{name}", 0)) for name in ("done", "failed", "refused"))
    rest = int(progress.get("rows", 0)) - done - failed - refused
    return {Status.DONE: done, Status.FAILED: failed, Status.REFUSED: refused, Status.NOT_STARTED: rest}


def _counted(folder: ResultsFolder) -> dict[str, int]:
    """Of a folder whose last run stored no counts."""
    from voicemill.store.tables.items_table import count_by_status  # imports Arrow

    return count_by_status(folder.items) if folder.items.is_file() else {}
