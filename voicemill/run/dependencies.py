"""Rows that take the output of other rows: their inputs put in place once those rows are done."""

from dataclasses import replace
from pathlib import Path

from voicemill.model import Outcome, Recording, Row, Status
from voicemill.plan.split_text import can_be_spoken
from voicemill.run.context import RunContext
from voicemill.run.segmentation import with_cuts


class NotThere(Exception):
    """A row's input is not there, because the row that was to give it did not; what the table says of it."""

    def __init__(self, code: str, why: str, status: Status = Status.NOT_STARTED) -> None:
        super().__init__(why)
        self.code = code
        self.status = status


async def with_outputs(row: Row, context: RunContext) -> Row:
    """`row` with the outputs of other rows as its inputs, cut where they have to be. Raises `NotThere`."""
    if not row.takes:
        return row
    audio, left, right, text = (_output(one, context) for one in (row.audio, row.left, row.right, row.text))
    if audio is not None and row.to_s is not None and row.to_s > audio.duration_s:
        why = f"the gap ends at {row.to_s:g} s, and {audio.name} lasts only {audio.duration_s:.2f} s; correct to_s"
        raise NotThere("gap_after_end", why, Status.REFUSED)
    transcript = row.transcript
    if row.text is not None:
        transcript = context.made[row.text.made_by].heard or ""
        if not can_be_spoken(transcript):
            raise NotThere("nothing_to_say", f"no words were heard in {row.text.name}", Status.REFUSED)
    ready = replace(row, audio=audio, left=left, right=right, text=text, transcript=transcript)
    return await context.in_thread(with_cuts, ready, context.settings.long_audio)


def left_waiting(row: Row, missing: NotThere, known: Outcome | None, context: RunContext) -> Outcome:
    """The outcome of a row whose input is not there."""
    outcome = Outcome(row.id, missing.status, "input", missing.code, str(missing))
    context.stats.rows_refused += missing.status is Status.REFUSED
    context.stats.rows_unchanged += outcome == known
    return outcome


def _output(recording: Recording | None, context: RunContext) -> Recording | None:
    if recording is None or not recording.made_by:
        return recording
    made = context.made.get(recording.made_by)
    if made is None or made.status is not Status.DONE or made.file_name is None:
        status = made.status.replace("_", " ") if made else "missing"
        reason = f" ({made.error_code})" if made and made.error_code else ""
        raise NotThere("upstream_failed", f"the row whose output goes in, {recording.name}, is {status}{reason}")
    return Recording(
        path=str(Path(context.outputs.folder / made.file_name).absolute()),
        sha256=made.sha256 or "",
        size_bytes=made.size_bytes or 0,
        duration_s=made.duration_s or 0.0,
        made_by=recording.made_by,
    )
