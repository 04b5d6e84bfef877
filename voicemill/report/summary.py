"""What is said when a run has ended: what there is now, what it took, and what to do next."""

import shlex
from pathlib import Path

from voicemill.errors import ExitCode
from voicemill.model import EMBEDDED_PREFIX, Status
from voicemill.pipeline.summary import Summary
from voicemill.report.amounts import came_of_it, counted, span

_NEXT = {
    ExitCode.SOME_FAILED: (
        "Run the same command again, or voicemill retry {results}: only the rows that failed are tried."
    ),
    ExitCode.SOME_REFUSED: (
        "Correct those rows ({failures} says why) and run again: only they are sent. "
        "As they are, they are asked for again only with --force."
    ),
    ExitCode.FATAL_API: "Mend that and run the same command again: nothing that was paid for is paid again.",
    ExitCode.FATAL_STORAGE: "Mend that and run the same command again: nothing that was paid for is paid again.",
    ExitCode.BUDGET: "Raise the budget and run the same command again: nothing that was paid for is paid again.",
    ExitCode.SERVICE_DOWN: "Run the same command again when it is back: nothing that was paid for is paid again.",
    ExitCode.INTERRUPTED: "Run the same command again to go on: nothing that was paid for is paid again.",
}


def as_lines(summary: Summary) -> list[str]:
    """The summary for a terminal."""
    lines = [summary.headline + (f" ({summary.rows_unchanged} unchanged)" if summary.rows_unchanged else "")]
    lines.append(_cost(summary))
    lines += _told_by_words(summary)
    if summary.reason:
        lines.append(f"Ended because: {summary.reason}")
    if summary.rows[Status.DONE]:
        places = {"Audio": Path(summary.results, "audio"), "Text": Path(summary.results, "text")}
        lines += [f"{name + ':':7} {place}" for name, place in places.items() if place.is_dir()]
    lines.append(f"Table:  {summary.results}/items.parquet")
    following = _NEXT.get(ExitCode(summary.exit_code))
    if following:
        results, failures = (shlex.quote(summary.results + below) for below in ("", "/failures.csv"))
        lines.append(f"Next:   {following.format(results=results, failures=failures)}")
    return lines


def _told_by_words(summary: Summary) -> list[str]:
    lines = []
    if summary.word_error_rate is not None:
        lines.append(f"Word error rate against the references: {summary.word_error_rate:.1%}")
    if summary.suspect:
        lines.append(f"Doubtful: {counted(summary.suspect, 'row')}; the column suspect says why")
    return lines


def as_markdown(summary: Summary) -> str:
    """The summary as a page for Prefect's artifacts."""
    rows = "\n".join(f"| {status.replace('_', ' ')} | {count} |" for status, count in summary.rows.items())
    said = "\n".join(f"- {line}" for line in as_lines(summary)[1:])
    return f"# {summary.headline}\n\n| status | rows |\n| --- | ---: |\n{rows}\n\n{said}\n"


def _cost(summary: Summary) -> str:
    retried = f", {summary.retries} of them retries" if summary.retries else ""
    calls = f"{counted(summary.calls_made, 'call')}{retried} ({summary.calls_reused} answers were there already)"
    audio = came_of_it(summary.transcribed_s, summary.converted_s, summary.audio_s)
    return ", ".join([calls, _price(summary), *audio, f"in {span(summary.seconds)}"])


def _price(summary: Summary) -> str:
    return "free of charge" if summary.service.startswith(EMBEDDED_PREFIX) else f"{summary.credits:,.0f} credits"
