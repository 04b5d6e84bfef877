"""What the report puts first: unfinished rows by reason, quality flags, and rows that differ from the others."""

import re
import tracemalloc
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tests.html_report.folders import Row, done_row, failed_row, passage, results_folder
from voicemill.html_report.findings import Finding, find
from voicemill.html_report.remedies import PASSAGE_FLAGS

_QUALITY = Path(__file__).parents[2] / "docs" / "quality.md"


def _found(folder: Path, rows: list[Row], passages: list[Row] | None = None) -> dict[str, Finding]:
    results = results_folder(folder, rows, passages=passages or ())
    return {finding.key: finding for finding in find(results)}


def test_failures_are_grouped_by_reason(tmp_path: Path) -> None:
    """Rows with the same error form one group with a remedy, their messages, and the command for it."""
    rows = [done_row(0), failed_row(1), failed_row(2), failed_row(3, "throttled"), failed_row(4, message="Other.")]
    found = _found(tmp_path / "my results", rows)
    assert list(found) == ["failed:transient:transient", "failed:throttled:throttled"]
    transient = found["failed:transient:transient"]
    assert (transient.count, transient.rows) == (3, [1, 2, 4])
    assert transient.messages == ["The service failed.", "Other."]
    assert transient.commands == [f"voicemill retry '{tmp_path}/my results' --class transient"]


def test_quality_flags_are_warnings(tmp_path: Path) -> None:
    """Each quality flag is a group; a row with two flags is in both."""
    rows = [done_row(0), done_row(1, suspect=["looping", "damaged"]), done_row(2, suspect=["looping"])]
    found = _found(tmp_path, rows)
    assert {key: finding.rows for key, finding in found.items()} == {"flag:looping": [1, 2], "flag:damaged": [1]}


def test_rows_that_differ_from_the_others_are_notices(tmp_path: Path) -> None:
    """A slow, a costly, a long and a short row are found among usual ones."""
    rows = [done_row(number, latency_s=0.8 + 0.01 * (number % 7)) for number in range(40)]
    rows[5] |= {"latency_s": 9.0}
    rows[6] |= {"credits": 400.0}
    rows[7] |= {"duration_s": 3 * rows[7]["duration_s"]}
    rows[8] |= {"duration_s": rows[8]["duration_s"] / 3}
    found = _found(tmp_path, rows)
    assert {key: finding.rows for key, finding in found.items()} == {
        "slow": [5], "costly": [6], "long": [7], "short": [8],
    }  # fmt: skip


def test_the_rows_of_a_large_table_are_not_kept(tmp_path: Path) -> None:
    """Of 60,000 flagged rows with bad passages, the counts are exact, and only the first 2,000 are in memory."""
    rows = [done_row(number, suspect=["too_fast", "truncated"], verdict="bad") for number in range(500)]
    passages = [passage(row, 1, "bad", "truncated") for row in rows]
    results = results_folder(tmp_path, rows, passages=passages)
    for path in (results.items, results.passages):
        pq.write_table(pa.concat_tables([pq.read_table(path)] * 120), path, row_group_size=5000)
    tracemalloc.start()
    found = {finding.key: finding for finding in find(results)}
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert {key: (finding.count, len(finding.rows)) for key, finding in found.items()} == {
        "flag:too_fast": (60_000, 2_000), "flag:truncated": (60_000, 2_000),
    }  # fmt: skip
    assert found["flag:truncated"].commands == [f"voicemill book regenerate {tmp_path} row-0000{n}/1" for n in range(5)]
    assert peak_bytes < 10_000_000


def test_few_rows_are_not_compared(tmp_path: Path) -> None:
    """With a few rows there is no usual value, so nothing is unusual."""
    rows = [done_row(number) for number in range(8)]
    rows[3] |= {"latency_s": 60.0, "duration_s": 60.0}
    assert _found(tmp_path, rows) == {}


def test_bad_passages_have_commands(tmp_path: Path) -> None:
    """A fault that a check found comes with a command for each passage; a check without a result is a notice."""
    rows = [done_row(0), done_row(1, suspect=["missing"], verdict="bad"), done_row(2, verdict="inconclusive")]
    bad = [passage(rows[1], number, "bad", "missing") for number in (2, 3)]
    passages = [passage(rows[0]), passage(rows[1]), *bad, passage(rows[2], verdict="inconclusive")]
    found = _found(tmp_path, rows, passages)
    command = f"voicemill book regenerate {tmp_path} row-00001"
    assert found["flag:missing"].commands == [f"{command}/2", f"{command}/3"]
    assert found["check:inconclusive"].rows == [2]


def test_every_reason_of_a_bad_verdict_is_explained() -> None:
    """Each reason that the documentation of checks lists for bad verdicts has a title and a meaning."""
    table = _QUALITY.read_text().partition("(reasons)=")[2].partition("\n\n| ")[2].partition("\n\n")[0]
    lines = [line for line in table.splitlines() if "inconclusive" not in line]
    named = {name for line in lines for name in re.findall(r"`(\w+)`", line.split("|")[1] or line)}
    assert named - {"check_failed"} == set(PASSAGE_FLAGS)
