"""Rows that use the output of other rows: their inputs are filled in when those rows are done."""

from dataclasses import replace

from voicemill.model import Outcome, Recording, Row, Status
from voicemill.pipeline.context import RunContext
from voicemill.pipeline.segmentation import with_cuts
from voicemill.planning.split_text import can_be_spoken

UPSTREAM_FAILED = "upstream_failed"
"""The error code of a row that was not started because the row that produces its input is not done."""


class InputMissing(Exception):
    """A row's input is missing because the row that produces it is not done. Holds the row's error code and status."""

    def __init__(self, code: str, message: str, status: Status = Status.NOT_STARTED) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


async def with_outputs(row: Row, context: RunContext) -> Row:
    """`row` with the outputs of other rows as its inputs, split where necessary. Raises `InputMissing`."""
    if not row.depends_on:
        return row
    source, speech = row.source, row.speech
    audio, left, right, text_from = [
        await context.in_thread(_output, one, context)
        for one in (source.audio, source.left, source.right, speech.text_from)
    ]
    if audio is not None and source.to_s is not None and source.to_s > audio.duration_s:
        message = (
            f"the gap ends at {source.to_s:g} s, but {audio.name} is only {audio.duration_s:.2f} s long; correct to_s"
        )
        raise InputMissing("gap_after_end", message, Status.REFUSED)
    if speech.text_from is not None:
        text = context.made[speech.text_from.made_by].transcript or ""
        if not can_be_spoken(text):
            why = f"the transcript of {speech.text_from.name} has no words"
            raise InputMissing("nothing_to_say", why, Status.REFUSED)
        speech = replace(speech, text=text, text_from=text_from)
    ready = replace(row, source=replace(source, audio=audio, left=left, right=right), speech=speech)
    return await context.in_thread(with_cuts, ready, context.settings.long_audio)


def outcome_without_input(row: Row, missing: InputMissing, known: Outcome | None, context: RunContext) -> Outcome:
    """The outcome of a row whose input is missing."""
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
        raise InputMissing(UPSTREAM_FAILED, f"the row that produces {recording.name} is {status}{reason}")
    return Recording(
        path=str(context.outputs.local_path(made.file_name)),
        sha256=made.sha256 or "",
        size_bytes=made.size_bytes or 0,
        duration_s=made.duration_s or 0.0,
        made_by=recording.made_by,
    )
