"""The data in `report.html`: complete, unchanged where nothing changed, and free of active content."""

import hashlib
import math
import re
from pathlib import Path

import pytest

from tests.html_report.folders import (
    add_audio,
    blocks_of,
    column_of,
    done_row,
    failed_row,
    passage,
    results_folder,
    spoken_words,
)
from voicemill.errors import ConfigError
from voicemill.html_report.outline import LEVELS
from voicemill.html_report.write import write_embedded, write_report
from voicemill.store.results_folder import ResultsFolder

_FRONTEND = Path(__file__).parents[2] / "frontend"


def test_the_page_holds_every_row(tmp_path: Path) -> None:
    """All rows are in the page in table order, also where blocks and row groups end at different rows."""
    rows = [done_row(number) for number in range(5_600)]
    written = write_report(results_folder(tmp_path, rows))
    blocks = blocks_of(tmp_path / "report.html")
    assert (written.rows, written.all_rows, written.changed) == (5_600, 5_600, True)
    assert [*column_of(blocks["rows-0"], "id"), *column_of(blocks["rows-1"], "id")] == [row["id"] for row in rows]
    details = [detail for name, block in blocks.items() if name.startswith("details-") for detail in block]
    assert [detail["fields"]["out"] for detail in details] == [row["out"] for row in rows]


def test_words_audio_and_other_columns_are_in_the_details(tmp_path: Path) -> None:
    """A row's details hold its words in milliseconds, the path and outline of its audio, and the manifest's columns."""
    first, second = done_row(1, chapter="One"), done_row(2, chapter="Two")
    folder = results_folder(tmp_path, [first, second], {"chapter": "text"}, spoken_words(second))
    add_audio(folder, second)
    write_report(folder)
    blocks = blocks_of(folder.report)
    assert column_of(blocks["rows-0"], "chapter") == ["One", "Two"]
    without, detail = blocks["details-0"]
    assert "words" not in without
    assert "audio" not in without
    texts, starts_ms, _ = detail["words"]
    assert texts == second["transcript"].split()
    assert sum(starts_ms) == round(spoken_words(second)[-1]["start_s"] * 1000)
    assert detail["audio"] == second["file_name"]
    assert len(detail["outline"]) == 240
    assert max(detail["outline"], key=LEVELS.index) == LEVELS[int(20_000 / 32_768 * len(LEVELS))]


def test_infinite_numbers_of_the_manifest_are_shown(tmp_path: Path) -> None:
    """JSON has none; they are texts in the table and in the details."""
    rows = [done_row(1, snr=math.inf), done_row(2, snr=1.5)]
    write_report(results_folder(tmp_path, rows, {"snr": "number"}))
    blocks = blocks_of(tmp_path / "report.html")
    assert column_of(blocks["rows-0"], "snr") == ["inf", 1.5]
    assert [detail["fields"]["snr"] for detail in blocks["details-0"]] == ["inf", 1.5]


def test_checked_passages_are_in_the_details(tmp_path: Path) -> None:
    """A row shows its passages with reasons and places; one good passage is left out, the table has its verdict."""
    rows = [done_row(number, verdict="ok") for number in range(3)] + [done_row(3, verdict="bad")]
    passages = [
        passage(rows[0]), passage(rows[1], take=1), passage(rows[2]), passage(rows[2], 2, speaker="Anna"),
        passage(rows[3], 1, "bad", "missing"),
    ]  # fmt: skip
    folder = results_folder(tmp_path, rows, passages=passages)
    write_report(folder)
    blocks = blocks_of(folder.report)
    details = [detail.get("passages") for detail in blocks["details-0"]]
    assert details[0] is None
    assert [found["take"] for found in details[1]] == [1]
    assert [found.get("speaker") for found in details[2]] == [None, "Anna"]
    assert details[3][0]["why"] == [{"reason": "missing", "start_s": 1.5, "end_s": 2.0, "detail": "A detail."}]
    assert column_of(blocks["rows-0"], "verdict") == ["ok", "ok", "ok", "bad"]


def test_a_finished_run_keeps_its_report(tmp_path: Path) -> None:
    """Writing the report again changes nothing until a table changes; its checksum is published."""
    folder = results_folder(tmp_path, [done_row(1)])
    write_report(folder)
    first = folder.report.stat()
    assert not write_report(folder).changed
    assert folder.report.stat().st_mtime_ns == first.st_mtime_ns
    assert folder.is_as_published(folder.report)
    results_folder(tmp_path, [done_row(1), done_row(2)])
    assert write_report(folder).changed
    assert hashlib.sha256(folder.report.read_bytes()).hexdigest() in folder.sums.read_text()


def test_markup_in_a_text_stays_data(tmp_path: Path) -> None:
    """No text of a row appears in the page outside its Base64 data."""
    hostile = "</script><script>alert(1)</script><img src=x onerror=alert(1)>"
    folder = results_folder(tmp_path, [done_row(1, hostile), failed_row(2, message=hostile)])
    write_report(folder)
    page = folder.report.read_text()
    assert "alert(1)" not in page
    assert column_of(blocks_of(folder.report)["rows-0"], "transcript")[0] == hostile
    assert blocks_of(folder.report)["head"]["findings"][0]["messages"] == [hostile]


def test_the_policy_allows_only_the_script_of_the_page(tmp_path: Path) -> None:
    """The content security policy names one script by hash and no address."""
    folder = results_folder(tmp_path, [done_row(1)])
    write_report(folder)
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', folder.report.read_text())
    assert policy is not None
    rules = dict(rule.split(" ", 1) for rule in policy[1].split("; "))
    assert rules["default-src"] == "'none'"
    assert re.fullmatch(r"'sha256-[A-Za-z0-9+/=]{44}'", rules["script-src"])
    assert "http" not in policy[1]


def test_an_embedded_report_carries_audio(tmp_path: Path) -> None:
    """`--embed` writes the audio of a sample into one file: rows that need attention first, within the size."""
    rows = [done_row(number, size_bytes=10_000) for number in range(30)]
    rows[20] |= {"suspect": ["damaged"]}
    folder = results_folder(tmp_path / "results", rows)
    for row in rows:
        add_audio(folder, row)
    written = write_embedded(folder, tmp_path / "mail.html", most_bytes=25_000)
    blocks = blocks_of(tmp_path / "mail.html")
    assert (written.rows, written.all_rows) == (2, 30)
    assert column_of(blocks["rows-0"], "id") == ["row-00000", "row-00020"]
    assert all(detail["audio"].startswith("data:audio/wav;base64,UklGR") for detail in blocks["details-0"])
    assert blocks["head"]["findings"][0]["rows"] == [1]


def test_a_folder_without_a_run_has_no_report(tmp_path: Path) -> None:
    """A folder in which no run has finished is refused."""
    with pytest.raises(ConfigError, match="holds no finished run"):
        write_report(ResultsFolder(tmp_path))


def test_an_empty_run_has_a_report(tmp_path: Path) -> None:
    """A run without rows has a page without rows."""
    folder = results_folder(tmp_path, [])
    write_report(folder)
    blocks = blocks_of(folder.report)
    assert (blocks["head"]["rows"], blocks["head"]["findings"]) == (0, [])


def test_the_committed_page_is_built_from_the_present_sources() -> None:
    """`page.html` names the digest of the sources in `frontend/`; after a change there, run `make page`."""
    page = (_FRONTEND.parent / "voicemill/html_report/page.html").read_text(encoding="utf-8")
    found = re.search(r'<meta name="sources" content="([0-9a-f]{64})">', page)
    assert found is not None
    names = ["index.html", "package-lock.json", "vite.config.ts"]
    paths = [*(_FRONTEND / name for name in names), *(p for p in (_FRONTEND / "src").rglob("*") if p.is_file())]
    digest = hashlib.sha256()
    for path in sorted(paths, key=lambda path: path.relative_to(_FRONTEND).as_posix()):
        digest.update(path.relative_to(_FRONTEND).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    assert found[1] == digest.hexdigest()
