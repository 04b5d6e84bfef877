"""Write the report of a results folder: `report.html`, or one file with embedded audio."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

import voicemill
from voicemill.errors import ConfigError
from voicemill.html_report.findings import Finding, find
from voicemill.html_report.page_file import PageWriter, is_made_from
from voicemill.html_report.row_audio import RowAudio
from voicemill.html_report.row_blocks import (
    ROWS_PER_DETAIL,
    RowBlocks,
    extra_columns,
    text_limit,
)
from voicemill.html_report.row_passages import RowPassages
from voicemill.html_report.run_history import Json, changes_of, history_of
from voicemill.html_report.sample import sample_rows
from voicemill.model import EMBEDDED_PREFIX
from voicemill.store import durable_files as durable
from voicemill.store.bucket_results import AttachedBucket, attached_bucket
from voicemill.store.results_folder import ResultsFolder, read_json
from voicemill.store.tables.item_columns import column_types, count_rows
from voicemill.store.tables.items_table import OWN_COLUMNS

_FORMAT = "3"


@dataclass(frozen=True, slots=True)
class Written:
    """A report file: its path, size, the rows in it and all rows, and whether it was written now."""

    path: Path
    size_bytes: int
    rows: int
    all_rows: int
    changed: bool


def write_report(results: ResultsFolder, findings: Sequence[Finding] | None = None) -> Written:
    """Write `report.html` into the results folder unless it already shows the present tables.

    `findings` are those of the present tables; without them, the report finds them itself. The caller holds the lock of
    the folder. Raises `ConfigError` if no run has finished there, `TableDamaged` and `StorageError`.
    """
    _expect_tables(results)
    is_current, rows, path = report_is_current(results), count_rows(results.items), results.report
    if not is_current:
        _replace(path, results, find(results) if findings is None else findings, None)
        results.record_sum(path)
    return Written(path, path.stat().st_size, rows, rows, not is_current)


def report_is_current(results: ResultsFolder) -> bool:
    """Whether `report.html` shows the present tables."""
    try:
        with results.report.open("rb") as file:
            return is_made_from(file, _key(results))
    except FileNotFoundError:
        return False


def write_embedded(results: ResultsFolder, path: Path, most_bytes: int) -> Written:
    """Write one file with the audio of a sample of rows: first those that need attention. It can be mailed.

    The audio of the sample has at most `most_bytes`. Raises as `write_report` does.
    """
    _expect_tables(results)
    findings = find(results)
    rows = sample_rows(results, findings, most_bytes)
    durable.make_folder(path.absolute().parent)
    _replace(path, results, findings, rows)
    return Written(path, path.stat().st_size, len(rows), count_rows(results.items), True)


def _expect_tables(results: ResultsFolder) -> None:
    if not results.items.is_file() or not results.run_file.is_file():
        raise ConfigError(f"{results.path} holds no finished run; run the manifest first")


def _key(results: ResultsFolder) -> str:
    """What the report is made from: the published tables, and this version."""
    sums = {name: digest for name, digest in results.published_sums().items() if name != results.report.name}
    return hashlib.sha256(repr((_FORMAT, voicemill.__version__, sorted(sums.items()))).encode()).hexdigest()


def _replace(path: Path, results: ResultsFolder, findings: Sequence[Finding], sample: frozenset[int] | None) -> None:
    partial = durable.new_partial(path)
    with durable.storage_errors(path), partial.open("wb") as file:
        _write(file, results, findings, sample)
    durable.commit(partial, path)


def _write(file: IO[bytes], results: ResultsFolder, findings: Sequence[Finding], sample: frozenset[int] | None) -> None:
    about = read_json(results.run_file) or {}
    types = column_types(results.items)
    rows = count_rows(results.items)
    limit = text_limit(rows if sample is None else len(sample))
    extra = extra_columns(types, OWN_COLUMNS)
    page = PageWriter(file, _key(results))
    page.block("head", _head(results, about, findings, rows, limit, extra, sample))
    is_stored = partial(_is_stored, attached_bucket(results))
    audio = RowAudio(results.path, _manifest_path(about), findings, is_stored, embed=sample is not None)
    words = results.words if results.words.is_file() else None
    for name, content in RowBlocks(results.items, words, RowPassages(results.passages), audio, extra, limit).blocks(
        sample
    ):
        page.block(name, content)
    page.end()


def _is_stored(bucket: AttachedBucket | None, name: str) -> bool:
    return bucket is not None and bucket.get(name) is not None


def _head(
    results: ResultsFolder,
    about: Json,
    findings: Sequence[Finding],
    rows: int,
    limit: int,
    extra: Sequence[str],
    sample: frozenset[int] | None,
) -> Json:
    shown = rows if sample is None else len(sample)
    place = {row: number for number, row in enumerate(sorted(sample))} if sample is not None else None
    return {
        "version": voicemill.__version__,
        "results": str(results.path.absolute()),
        "run": about,
        "voices": about.get("voices") or {},
        "offline": str(about.get("service", "")).startswith(EMBEDDED_PREFIX),
        "rows": shown,
        "all_rows": rows,
        "is_sample": sample is not None,
        "detail_block": ROWS_PER_DETAIL,
        "text_limit": limit,
        "extra_columns": extra,
        "findings": [_in_sample(finding, place) for finding in findings],
        "history": history_of(results),
        "changes": changes_of(results),
    }


def _in_sample(finding: Finding, place: dict[int, int] | None) -> Json:
    record: dict[str, Any] = asdict(finding)
    if place is not None:
        record["rows"] = [place[row] for row in finding.rows if row in place]
    return record


def _manifest_path(about: Json) -> str:
    return str((about.get("manifest") or {}).get("path") or "")
