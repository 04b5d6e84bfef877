"""Mutated manifests whose rows are numbered, so that each row can be accounted for: good, a problem, or empty."""

import codecs
import io
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from voicemill.config import Settings
from voicemill.errors import ManifestError
from voicemill.manifest import ManifestCheck, VoiceDirectory
from voicemill.manifest.readers import Source, open_reader
from voicemill.manifest.text_encoding import decoded, is_utf16
from voicemill.model import Row, Voice

ROWS = 12
VOICES = VoiceDirectory([Voice("694f9389-aac1-45b6-b726-9d9369183238", "Anna", "en")])
_AT_LINE_START = re.compile(r"^(row-\d{4})[,;\t|]", re.MULTILINE)
_INSERTED = [b'"', b'""', b",", b"\t", b";", b"|", b"\n", b"\r", b"\r\n", b"\0", b"\xff", b"{", b"}", b" "]
_TEXTS = ["The text of {}.", "He said: no, not {}.", 'She asked "who is {}" twice.', "Tab\tor bar | in {}."]


_IN_UTF16 = frozenset({"unicode-text.csv", "unicode-lines.jsonl"})
_BOTH_BYTE_ORDERS = ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_DAMAGED_BYTES = 0.3
"""The share of files in UTF-16 whose bytes are mutated too, which may leave half a character."""


@dataclass
class Figures:
    """What a campaign came to. `rows` counts those of all files that could be read to their end."""

    files: int = 0
    unreadable: int = 0
    rows: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    @property
    def unaccounted(self) -> int:
        """The rows that are neither good nor at fault, nor empty, nor in a file that has a problem as a whole."""
        return self.rows - self.outcomes.total()


def run_campaign(folder: Path, files: int, seed: int) -> Figures:
    """Read `files` mutated manifests of every kind and account for the rows of each."""
    random_source = random.Random(seed)
    figures = Figures()
    kinds = list(_manifests().items())
    for number in range(files):
        name, make = kinds[number % len(kinds)]
        path = folder / name
        content = _mutated(make(random_source), random_source)
        if name in _IN_UTF16:
            content = _in_utf16(content, random_source)
        path.write_bytes(content)
        try:
            _account(path, content, figures)
        except Exception as error:
            figures.failures.append(f"{name} {number}: {error!r}: {content[:400]!r}")
        figures.files += 1
    return figures


def _account(path: Path, content: bytes, figures: Figures) -> None:
    check = ManifestCheck(path, Settings(), VOICES)
    try:
        good = {row.number: row for row in check}
    except ManifestError:
        figures.unreadable += 1
        return
    at_fault = {problem.row for problem in check.problems}
    lines = {line.number: line for line in open_reader(Source(path)).lines()}
    assert list(lines) == list(range(1, check.row_count + 1)), "rows are not counted through"
    empty = {number for number, line in lines.items() if not line.cells and not line.problem}
    figures.rows += len(lines)
    figures.outcomes.update(good=len(good.keys() - at_fault), problems=len(at_fault - {0}), empty=len(empty))
    missing = lines.keys() - good.keys() - at_fault - empty
    if 0 in at_fault:
        figures.outcomes["in_refused_files"] += len(missing)
    else:
        assert not missing, f"rows {sorted(missing)} are neither good nor at fault"
    if path.suffix in (".csv", ".tsv") and 0 not in at_fault:
        _account_for_lines(content, {line.place: number for number, line in lines.items()}, good, at_fault)


def _account_for_lines(content: bytes, numbers: dict[int, int], good: dict[int, Row], at_fault: set[int]) -> None:
    """Each line that begins with an id is a separate row, or within a row that has a problem."""
    errors = "surrogatepass" if is_utf16(content) else "surrogateescape"
    physical = re.split(r"\r\n|\r|\n", decoded(content, errors))
    starts = sorted(numbers)
    for place, line in enumerate(physical, start=1):
        token = _AT_LINE_START.match(line)
        begun = [start for start in starts if start <= place]
        if token is None or not begun:
            continue
        number = numbers[begun[-1]]
        is_own = number in good and begun[-1] == place and token[1] in good[number].id
        assert is_own or number in at_fault, f"line {place} ({token[1]}) is in row {number}, which is good"


def _manifests() -> dict[str, Callable[[random.Random], bytes]]:
    return {
        "comma.csv": lambda random_source: _table(random_source, ",", quote=False),
        "quoted.csv": lambda random_source: _table(random_source, ",", quote=True),
        "excel.csv": lambda random_source: b"\xef\xbb\xbf" + _table(random_source, ";", quote=False, end="\r\n"),
        "tabs.tsv": lambda random_source: _table(random_source, "\t", quote=False),
        "unicode-text.csv": lambda random_source: _table(random_source, "\t", quote=False, end="\r\n"),
        "unicode-lines.jsonl": _json_lines,
        "m.jsonl": _json_lines,
        "m.parquet": _parquet,
    }


def _rows(random_source: random.Random) -> Iterator[tuple[str, str, str]]:
    for number in range(ROWS):
        text = random_source.choice(_TEXTS).format(f"number {number:04d}")
        yield f"row-{number:04d}", text, random_source.choice(["", "x"])


def _table(random_source: random.Random, separator: str, *, quote: bool, end: str = "\n") -> bytes:
    def cell(text: str) -> str:
        needs_quotes = quote or any(character in text for character in f'{separator}"\n')
        return '"' + text.replace('"', '""') + '"' if needs_quotes else text

    lines = [("id", "transcript", "note"), *_rows(random_source)]
    return "".join(separator.join(map(cell, line)) + end for line in lines).encode()


def _json_lines(random_source: random.Random) -> bytes:
    quoted = (tuple(text.replace("\t", " ").replace('"', '\\"') for text in row) for row in _rows(random_source))
    lines = ('{{"id": "{}", "transcript": "{}", "note": "{}"}}\n'.format(*row) for row in quoted)
    return "".join(lines).encode()


def _parquet(random_source: random.Random) -> bytes:
    ids, texts, notes = zip(*_rows(random_source), strict=True)
    buffer = io.BytesIO()
    table = pa.table({"id": ids, "transcript": texts, "note": notes})
    pq.write_table(table, buffer, compression="none", row_group_size=5)
    return buffer.getvalue()


def _mutated(original: bytes, random_source: random.Random) -> bytes:
    content = bytearray(original)
    for _ in range(random_source.randint(1, 4)):
        place = random_source.randrange(len(content) or 1)
        kind = random_source.choice(["change", "cut", "insert", "insert", "quotes", "quotes", "repeat", "end"])
        if kind == "change":
            content[place : place + 1] = random_source.randbytes(1)
        elif kind == "cut":
            del content[place : place + random_source.randint(1, 30)]
        elif kind == "insert":
            content[place:place] = random_source.choice(_INSERTED)
        elif kind == "quotes":
            _open_and_close(content, random_source)
        elif kind == "repeat":
            content[place:place] = content[place : place + 40]
        else:
            del content[random_source.randrange(len(content) // 2, len(content) + 1) :]
    return bytes(content)


def _in_utf16(content: bytes, random_source: random.Random) -> bytes:
    """The text in UTF-16; bytes that are not UTF-8 become lone surrogates."""
    mark, encoding = random_source.choice(_BOTH_BYTE_ORDERS)
    encoded = content.decode("utf-8", "surrogateescape").encode(encoding, "surrogatepass")
    return mark + (_mutated(encoded, random_source) if random_source.random() < _DAMAGED_BYTES else encoded)


def _open_and_close(content: bytearray, random_source: random.Random) -> None:
    """Put a quote at the start of a cell and one at the end of a later cell: what lies between may be swallowed."""
    opens = [found.end() for found in re.finditer(rb"[,;\t\n]", content)]
    closes = [found.start() for found in re.finditer(rb"[,;\t\n]", content)]
    if not opens:
        return
    start = random_source.choice(opens)
    stop = random_source.choice([place for place in closes if start < place < start + 200] or [len(content)])
    content[stop:stop] = b'"'
    content[start:start] = b'"'
