"""The summary of a run: rows by status, calls, audio, credits, and the exit code."""

from dataclasses import dataclass, field

from voicemill.errors import ExitCode
from voicemill.model import Status
from voicemill.pipeline.context import RunContext


@dataclass
class Summary:
    """The result of a run: rows by status, calls and credits, and the exit code with its reason.

    `dialect` says how the manifest differs from a plain CSV, TSV, JSONL or Parquet file.
    In seconds: `transcribed_s` of recordings transcribed, `converted_s` of recordings converted to another voice,
    `audio_s` of audio generated, and `seconds` of wall time.
    """

    manifest: str
    results: str
    service: str
    rows: dict[str, int] = field(default_factory=lambda: dict.fromkeys(map(str, Status), 0))
    rows_unchanged: int = 0
    calls_made: int = 0
    calls_reused: int = 0
    retries: int = 0
    credits: float = 0.0
    audio_s: float = 0.0
    transcribed_s: float = 0.0
    converted_s: float = 0.0
    seconds: float = 0.0
    suspect: int = 0
    word_error_rate: float | None = None
    exit_code: int = ExitCode.OK
    reason: str = ""
    dialect: str = ""

    @property
    def changed(self) -> bool:
        """Whether this run did anything that the published tables do not contain yet."""
        return self.calls_made > 0 or self.rows_unchanged < sum(self.rows.values())

    @property
    def headline(self) -> str:
        """One line: rows by status."""
        counts = [f"{count} {status.replace('_', ' ')}" for status, count in self.rows.items() if count]
        total = sum(self.rows.values())
        return f"{', '.join(counts) or 'nothing to do'} of {total:,} row{'s' * (total != 1)}"


def summarize(manifest: str, results: str, context: RunContext, seconds: float, dialect: str = "") -> Summary:
    """The summary of the run that worked in `context` for `seconds`."""
    stats = context.stats
    rows = {
        Status.DONE: stats.rows_done,
        Status.FAILED: stats.rows_failed,
        Status.REFUSED: stats.rows_refused,
        Status.NOT_STARTED: stats.rows - stats.rows_ended,
    }
    exit_code, reason = _exit_code(context, rows)
    return Summary(
        manifest=manifest,
        results=results,
        service=context.service,
        rows={status.value: count for status, count in rows.items()},
        rows_unchanged=stats.rows_unchanged,
        calls_made=stats.calls_made,
        calls_reused=stats.calls_reused,
        retries=stats.retries,
        credits=stats.credits,
        audio_s=round(stats.audio_s, 3),
        transcribed_s=round(stats.transcribed_s, 3),
        converted_s=round(stats.converted_s, 3),
        seconds=round(seconds, 3),
        exit_code=exit_code,
        reason=reason,
        dialect=dialect,
    )


def _exit_code(context: RunContext, rows: dict[Status, int]) -> tuple[ExitCode, str]:
    if context.fatal is not None:
        return context.fatal.exit_code, str(context.fatal)
    if context.draining:
        return ExitCode.INTERRUPTED, "interrupted"
    if rows[Status.FAILED]:
        return ExitCode.SOME_FAILED, _counted(rows[Status.FAILED], "row failed", "rows failed")
    if rows[Status.REFUSED]:
        return ExitCode.SOME_REFUSED, _counted(rows[Status.REFUSED], "row was refused", "rows were refused")
    return ExitCode.OK, ""


def _counted(number: int, one: str, several: str) -> str:
    return f"{number:,} {one if number == 1 else several}"
