"""The chapters of a book: the finished rows of a results folder, in manifest order."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal, cast

from voicemill.errors import ConfigError
from voicemill.model import Op, Status
from voicemill.store.durable_files import sha256_of, storage_errors
from voicemill.store.results_folder import ResultsFolder
from voicemill.store.tables.items_table import read_items

Kind = Literal["credits", "front", "chapter", "back"]
KINDS: Final = ("credits", "front", "chapter", "back")
_SHOWN: Final = 10


@dataclass(frozen=True, slots=True)
class Chapter:
    """One row: its title, its audio file, and the text that it speaks.

    `sha256` is that of the audio file. `flags` are the quality flags of the row, from the column `suspect`.
    """

    id: str
    title: str
    kind: Kind
    part: str
    path: Path
    sha256: str
    duration_s: float
    language: str
    text: str
    has_words: bool
    made_at: datetime
    flags: tuple[str, ...]


def read_chapters(results: ResultsFolder) -> list[Chapter]:
    """All rows of a finished run, each with an intact audio file.

    Raises `ConfigError` with the ids of unfinished rows, of rows without speech, and of damaged files.
    """
    if not results.items.is_file():
        raise ConfigError(f"{results.path} holds no finished run; run the manifest first")
    if results.was_interrupted:
        raise ConfigError(f"the last run into {results.path} was interrupted; rerun it before mastering")
    items = [*read_items([results.items])]
    _refuse(items, Status.DONE, "unfinished", f"finish them with voicemill retry {results.path}")
    silent = [item["id"] for item in items if item["op"] == Op.STT]
    if silent or not items:
        raise ConfigError(f"{results.path}: {_named(silent) if silent else 'no row'} has no speech to master")
    chapters = [_chapter(item, results) for item in items]
    _refuse_damage(chapters, results)
    return chapters


def flagged(chapters: Sequence[Chapter]) -> list[str]:
    """One line for each row with quality flags."""
    return [f"row {one.id!r} has quality flags: {', '.join(one.flags)}" for one in chapters if one.flags]


def _chapter(item: dict[str, Any], results: ResultsFolder) -> Chapter:
    kind = str(item.get("kind") or "chapter").strip().casefold()
    if kind not in KINDS:
        raise ConfigError(f"row {item['id']!r} has the kind {kind!r}; use {', '.join(KINDS)}")
    return Chapter(
        id=item["id"],
        title=" ".join(str(item.get("title") or item["id"]).split()),
        kind=cast(Kind, kind),
        part=str(item.get("part") or "").strip(),
        path=results.path / item["file_name"],
        sha256=item["sha256"],
        duration_s=item["duration_s"],
        language=item["language"] or "en",
        text=item["transcript"] or "",
        has_words=bool(item["words"]),
        made_at=item["finished_at"] or datetime.fromtimestamp(0, UTC),
        flags=tuple(item["suspect"] or ()),
    )


def _refuse(items: Sequence[dict[str, Any]], status: Status, what: str, remedy: str) -> None:
    others = [item["id"] for item in items if item["status"] != status]
    if others:
        raise ConfigError(f"{len(others)} of {len(items)} rows are {what}: {_named(others)}; {remedy}")


def _refuse_damage(chapters: Sequence[Chapter], results: ResultsFolder) -> None:
    damaged = [*_damaged(chapters)]
    if damaged:
        raise ConfigError(
            f"the audio of {_named(damaged)} is missing or was changed since the run; "
            f"restore it with voicemill verify --repair {results.path}"
        )


def _damaged(chapters: Sequence[Chapter]) -> Iterator[str]:
    for chapter in chapters:
        with storage_errors(chapter.path):
            if not chapter.path.is_file() or sha256_of(chapter.path) != chapter.sha256:
                yield chapter.id


def _named(ids: Sequence[str]) -> str:
    shown = ", ".join(repr(row_id) for row_id in ids[:_SHOWN])
    return f"{shown} and {len(ids) - _SHOWN} more" if len(ids) > _SHOWN else shown
