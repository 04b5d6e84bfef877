"""The summary of a run for people: what there is now, what it cost, and what to do next."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from voicemill.errors import ExitCode
from voicemill.model import EMBEDDED_PREFIX, Status
from voicemill.pipeline.summary import Summary
from voicemill.report.amounts import counted, produced, span
from voicemill.store.object_store import is_object

if TYPE_CHECKING:
    from voicemill.html_report.findings import Finding

_NOT_BILLED_AGAIN = "completed calls are not billed again."
_NEXT = {
    ExitCode.SOME_FAILED: "Rerun the same command, or voicemill retry {results}: only the failed rows are retried.",
    ExitCode.SOME_REFUSED: (
        "Correct the refused rows ({failures} has the reasons) and rerun the command: only they are sent. "
        "Unchanged rows are sent again only with --force."
    ),
    ExitCode.FATAL_API: f"Fix the problem and rerun the command; {_NOT_BILLED_AGAIN}",
    ExitCode.FATAL_STORAGE: f"Fix the problem and rerun the command; {_NOT_BILLED_AGAIN}",
    ExitCode.BUDGET: f"Raise the budget and rerun the command; {_NOT_BILLED_AGAIN}",
    ExitCode.SERVICE_DOWN: f"Rerun the same command once the service is available; {_NOT_BILLED_AGAIN}",
    ExitCode.INTERRUPTED: f"Rerun the same command to resume; {_NOT_BILLED_AGAIN}",
}


def as_lines(summary: Summary) -> list[str]:
    """The summary for a terminal."""
    lines = [summary.headline + (f" ({summary.rows_unchanged} unchanged)" if summary.rows_unchanged else "")]
    lines += [_cost(summary), *_quality(summary)]
    if summary.dialect:
        lines.append(f"Manifest: {summary.dialect}")
    if summary.reason:
        lines.append(f"Reason: {summary.reason}")
    if summary.rows[Status.DONE]:
        places = {"Audio": Path(summary.results, "audio"), "Text": Path(summary.results, "text")}
        lines += [f"{name + ':':7} {place}" for name, place in places.items() if place.is_dir()]
    lines.append(f"Table:  {summary.results}/items.parquet")
    if is_object(summary.results) or Path(summary.results, "report.html").is_file():
        lines.append(f"Report: {summary.results}/report.html")
    following = _NEXT.get(ExitCode(summary.exit_code))
    if following and is_object(summary.results):
        lines.append("Next:   run the same command again to process the unfinished rows")
    elif following:
        results, failures = (shlex.quote(summary.results + below) for below in ("", "/failures.csv"))
        lines.append(f"Next:   {following.format(results=results, failures=failures)}")
    return lines


def as_markdown(summary: Summary, findings: "Sequence[Finding]" = ()) -> str:
    """The summary as a page for the Prefect UI, with what needs attention and how to fix it."""
    rows = "\n".join(f"| {status.replace('_', ' ')} | {count} |" for status, count in summary.rows.items())
    details = "\n".join(f"- {line}" for line in as_lines(summary)[1:] if not line.startswith("Report:"))
    path = f"{summary.results}/report.html"
    report = f"- Report: {path if is_object(path) else Path(path).absolute().as_uri()}"
    page = f"# {summary.headline}\n\n| status | rows |\n| --- | ---: |\n{rows}\n\n{details}\n{report}\n"
    return page + _findings_table(findings)


def _findings_table(findings: "Sequence[Finding]") -> str:
    if not findings:
        return ""
    lines = [
        f"| {_cell(finding.title)} | {finding.count:,} | {_cell(finding.remedy)} | {_code(finding.commands)} |"
        for finding in findings
    ]
    head = "| problem | rows | remedy | command |\n| --- | ---: | --- | --- |"
    return "\n".join(["\n## Needs attention\n", head, *lines, ""])


def _cell(text: str) -> str:
    """A text that Markdown shows unchanged in a table cell."""
    line = " ".join(text.split())[:200]
    return "".join(f"\\{character}" if character in "\\`*_[]<>|" else character for character in line)


def _code(commands: Sequence[str]) -> str:
    """The first of some commands in a table cell; empty if it holds a name that would end the code."""
    return "".join(f"`{command}`" for command in commands[:1] if not set("`|\n") & set(command))


def _quality(summary: Summary) -> list[str]:
    lines = []
    if summary.word_error_rate is not None:
        lines.append(f"Word error rate against the references: {summary.word_error_rate:.1%}")
    if summary.suspect:
        lines.append(f"Quality flags: {counted(summary.suspect, 'row')} (column suspect)")
    return lines


def _cost(summary: Summary) -> str:
    retried = f" ({counted(summary.retries, 'retried attempt')})" if summary.retries else ""
    reused = f", {counted(summary.calls_reused, 'stored answer')} reused" if summary.calls_reused else ""
    calls = f"{counted(summary.calls_made, 'call')}{retried}{reused}"
    made = produced(summary.transcribed_s, summary.converted_s, summary.audio_s)
    return ", ".join([calls, _price(summary), *made, f"in {span(summary.seconds)}"])


def _price(summary: Summary) -> str:
    return "no charge" if summary.service.startswith(EMBEDDED_PREFIX) else f"{summary.credits:,.0f} credits"
