"""The words and segments tables: in the order of the rows, copied from earlier tables, and checked before use."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.text.spoken import spoken
from voicemill.model import Word
from voicemill.store.tables import timings_index, timings_part
from voicemill.store.tables.table_damage import TableDamaged
from voicemill.store.tables.timings_index import Timings
from voicemill.store.tables.timings_part import TimingsPart
from voicemill.store.tables.timings_tables import SCHEMAS, read_timings, timings_paths
from voicemill.text.segments import transcript_of

TEXTS = {"a": "One two. Three.", "b": "Four.", "c": "", "d": "Five six seven."}


def written(parts: Path, name: str = "00000.parquet", texts: dict[str, str] = TEXTS) -> Path:
    """Write a committed part with the words of these texts."""
    part = TimingsPart(parts, name)
    for row_id, text in texts.items():
        part.add(row_id, spoken(text))
    part.commit()
    return parts


def known(parts: Path, published: Sequence[Path] = ()) -> Timings:
    """The timings in all parts and published tables."""
    return Timings(words=timings_paths("words", published, parts), segments=timings_paths("segments", (), parts))


def words(path: Path) -> list[tuple[str, int, str]]:
    """The lines of a words table."""
    return [(line["id"], line["index"], line["word"]) for line in pq.read_table(path).to_pylist()]


@pytest.mark.parametrize("lines", [1, 3, 50_000])
def test_rows_are_in_the_given_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: int) -> None:
    """Each row's lines are together and in order, whatever the order in which rows ended and the size of the parts."""
    monkeypatch.setattr(timings_part, "_BUFFERED_LINES", lines)
    monkeypatch.setattr(timings_part, "_LINES_PER_GROUP", lines)
    monkeypatch.setattr(timings_index, "_LINES_PER_WINDOW", lines)
    timings = known(written(tmp_path / "parts" / "run").parent)
    assert timings.publish("words", ["d", "c", "a", "b"], tmp_path / "words.parquet")
    assert words(tmp_path / "words.parquet") == [
        *[("d", index, word) for index, word in enumerate(["five", "six", "seven"])],
        *[("a", index, word) for index, word in enumerate(["one", "two", "three"])],
        ("b", 0, "four"),
    ]
    assert timings.publish("segments", ["a"], tmp_path / "segments.parquet")
    texts = pq.read_table(tmp_path / "segments.parquet").column("text").to_pylist()
    assert texts == ["One two.", "Three."]
    assert pq.read_schema(tmp_path / "words.parquet") == SCHEMAS["words"]


def test_republishing_changes_no_byte(tmp_path: Path) -> None:
    """A table made from the published table, without its parts, is identical."""
    path = tmp_path / "words.parquet"
    known(written(tmp_path / "parts" / "run").parent).publish("words", TEXTS, path)
    before = path.stat().st_mtime_ns, path.read_bytes()
    assert not Timings(words=[path]).publish("words", TEXTS, path)
    assert (path.stat().st_mtime_ns, path.read_bytes()) == before


def test_latest_part_takes_precedence(tmp_path: Path) -> None:
    """A row that was made again has its new words, and the other rows keep theirs."""
    published = tmp_path / "words.parquet"
    known(written(tmp_path / "parts" / "run").parent).publish("words", TEXTS, published)
    again = written(tmp_path / "again" / "run", texts={"b": "Eight nine."}).parent
    timings = known(again, [published])
    timings.publish("words", ["a", "b"], tmp_path / "new.parquet")
    assert [word for *_, word in words(tmp_path / "new.parquet")] == ["one", "two", "three", "eight", "nine"]
    assert timings.has("b", 2)
    assert not timings.has("b", 1)


def test_timings_need_both_tables(tmp_path: Path) -> None:
    """Words without segments, or a different number of words, are made again."""
    parts = written(tmp_path / "parts" / "run").parent
    assert known(parts).has("a", 3)
    assert known(parts).has("c", 0)
    assert not known(parts).has("x", 1)
    (parts / "run" / "segments" / "00000.parquet").unlink()
    assert not known(parts).has("a", 3)


def test_damaged_tables_are_ignored(tmp_path: Path) -> None:
    """An unreadable table counts as missing, so its rows are made again from their answers."""
    parts = written(tmp_path / "parts" / "run").parent
    broken = parts / "run" / "words" / "00000.parquet"
    broken.write_bytes(broken.read_bytes()[:-20])
    assert not known(parts).has("a", 3)


def test_shard_without_words_writes_no_part(tmp_path: Path) -> None:
    """A shard whose rows have no words writes no part."""
    TimingsPart(tmp_path, "00000.parquet").commit()
    assert list(tmp_path.iterdir()) == []


def test_table_may_be_empty(tmp_path: Path) -> None:
    """Transcribed rows without words give a table without lines."""
    assert Timings().publish("words", ["a"], tmp_path / "words.parquet")
    assert words(tmp_path / "words.parquet") == []
    assert list(read_timings(tmp_path / "words.parquet")) == []


def test_tables_are_read_row_by_row(tmp_path: Path) -> None:
    """The lines are read row by row, in the table's order."""
    known(written(tmp_path / "parts" / "run").parent).publish("words", ["b", "a"], tmp_path / "words.parquet")
    found = {row_id: [line["word"] for line in lines] for row_id, lines in read_timings(tmp_path / "words.parquet")}
    assert list(found.items()) == [("b", ["four"]), ("a", ["one", "two", "three"])]
    with pytest.raises(TableDamaged):
        list(read_timings(tmp_path / "none.parquet"))


def test_times_are_exact(tmp_path: Path) -> None:
    """Times are read back as the same floats."""
    exact = Word("one", 0.1 + 0.2, 1 / 3)
    part = TimingsPart(tmp_path / "run", "0.parquet")
    part.add("a", transcript_of("one", "en", 1.0, [exact]))
    part.commit()
    [line] = pq.read_table(tmp_path / "run" / "words" / "0.parquet").to_pylist()
    assert (line["start_s"], line["end_s"]) == (0.1 + 0.2, 1 / 3)
