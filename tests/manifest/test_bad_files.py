"""Files that are not manifests, truncated manifests, and rows with a wrong number of cells."""

import gzip
import io
import json
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tests.manifest.bad_manifests import Bad, assert_refused, each, one_row, parquet
from tests.manifest.read_manifest import read, written


def zipped(*names: str) -> bytes:
    """The bytes of a zip archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, "<xml/>")
    return buffer.getvalue()


def a_folder(folder: Path) -> Path:
    """A folder where a file should be."""
    (folder / "inner").mkdir()
    return folder / "inner"


def duplicate_parquet(folder: Path) -> Path:
    """A Parquet file in which two columns have one name."""
    table = pa.table([pa.array([cell]) for cell in ("a", "Hi", "1", "2")], names=["id", "text", "who", "who"])
    pq.write_table(table, folder / "m.parquet")
    return folder / "m.parquet"


H = "id,transcript\n"
FILES = [
    Bad("missing file", lambda folder: folder / "none.csv", 0, "", "no such file.*check the path"),
    Bad("misspelt file", lambda folder: written(folder, H) and folder / "manifset.csv", 0, "", "is it 'manifest.csv'"),
    Bad("folder", a_folder, 0, "", r"no text file \(\.txt\) to speak; for recordings"),
    Bad("device", lambda _: Path("/dev/null"), 0, "", "is a device; give a file"),
    Bad("unreadable medium", lambda _: Path("/proc/self/mem"), 0, "", "cannot be read.*check the disk"),
    Bad("file below a file", lambda folder: written(folder, H) / "x.csv", 0, "", "cannot be opened.*check the path"),
    Bad("endless name", lambda folder: folder / ("x" * 5000), 0, "", "the path is too long"),
    Bad("NUL in name", lambda folder: folder / "a\0b", 0, "", "file names cannot have"),
    Bad("empty file", "", 0, "", "is empty; write a first line"),
    Bad("blank file", b"\xef\xbb\xbf \r\n\n", 0, "", "is empty; write a first line"),
    Bad("header only", H, 0, "", "no rows below.*add one"),
    Bad("header and empty rows", H + ",\n,\n", 0, "", "no rows below.*add one"),
    Bad("parquet without rows", parquet(id=pa.array([], "string"), text=pa.array([], "string")), 0, "", "no rows"),
    Bad("spreadsheet", zipped("[Content_Types].xml", "xl/workbook.xml"), 0, "", "spreadsheet; save it as 'CSV UTF-8'"),
    Bad("zip", zipped("manifest.csv"), 0, "", "zip file; unpack it"),
    Bad("old Excel", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 100, 0, "", "old Excel.*CSV UTF-8"),
    Bad("gzip", gzip.compress(b"id,transcript\n"), 0, "", "gunzip"),
    Bad("wav", b"RIFF\x24\x00\x00\x00WAVEfmt " + b"\0" * 40, 0, "", "audio.*a manifest is a CSV"),
    Bad("mp3", b"ID3\x04" + b"\0" * 60, 0, "", "MP3.*a manifest is a CSV"),
    Bad("mp4", b"\0\0\0\x20ftypM4A " + b"\0" * 60, 0, "", "MP4.*a manifest is a CSV"),
    Bad("pdf", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", 0, "", "PDF.*a manifest is a CSV"),
    Bad("web page", "<!DOCTYPE html>\n<html>", 0, "", "web page.*a manifest is a CSV"),
    Bad("unknown binary", bytes(range(256)) * 8, 0, "", "binary file.*a manifest is a CSV"),
    Bad("utf-16 without mark", (H + "a,Hello\n").encode("utf-16-le"), 0, "", "UTF-16 without.*as 'CSV UTF-8'"),
    Bad("utf-16 cut off", (H + "a,Hello\n").encode("utf-16")[:-1], 0, "", "middle of a character; copy"),
    Bad("half a character", (H + "a,Hello").encode("utf-16") + b"\0\xd8", 1, "transcript", "incomplete character"),
    Bad("utf-16 without text", b"\xff\xfe", 0, "", "is empty; write a first line"),
    Bad("utf-32", (H + "a,Hello\n").encode("utf-32"), 0, "", "UTF-32.*save it as 'CSV UTF-8'"),
    Bad(
        "latin-1 text",
        "id,transcript\na,Hello\nb,Gr\xfc\xdfe\n".encode("latin-1"),
        2,
        "transcript",
        "UTF-8.*0xFC.*CSV UTF-8",
    ),
    Bad("latin-1 id", "id,transcript\n\xe9,Hello\n".encode("latin-1"), 1, "id", "not UTF-8.*save"),
    Bad("latin-1 carried", "id,transcript,who\na,Hi,Zo\xeb\n".encode("latin-1"), 1, "who", "not UTF-8.*save"),
    Bad("latin-1 header", "id,transcript,H\xf6he\na,Hi,1\n".encode("latin-1"), 0, "H\\udcf6he", "not UTF-8; save"),
    Bad("NUL in text", b"id,transcript\na,Hel\0lo\n", 1, "transcript", "NUL byte at character 4; remove it"),
    Bad("NUL in carried", b"id,transcript,who\na,Hello there,Zo\0e\n", 1, "who", "NUL byte at character 3; remove it"),
    Bad("one JSON list", '[{"id": "a", "transcript": "Hi"}]', 0, "", "JSON list.*a separate line", "m.json"),
    Bad(
        "indented JSON",
        json.dumps({"id": "a", "text": "Hi"}, indent=2) + "\n",
        0,
        "",
        "pretty-printed.*one line",
        "m.jsonl",
    ),
    Bad("not JSON", "id,transcript\n", 0, "", "first line of a JSONL file must be an object", "m.jsonl"),
    Bad("not Parquet", H, 0, "", "not a Parquet file", "m.parquet"),
    Bad("cut Parquet", parquet(id=["a"], text=["b"])[:-20], 0, "", "truncated; copy or write it again", "m.parquet"),
    Bad("damaged Parquet", b"PAR1" + b"\7" * 60 + b"PAR1", 0, "", "cannot be read.*copy or write it again"),
    Bad("encrypted Parquet", b"PAR1" + b"\7" * 60 + b"PARE", 0, "", "encrypted; write it again without"),
    Bad(
        "many JSON names",
        "".join(json.dumps({f"n{i}": 1}) + "\n" for i in range(1100)),
        0,
        "",
        "more than 1000.*same names",
    ),
    Bad("endless line", H + "a," + "x" * (17 << 20), 0, "", "line 2.*longer than.*split"),
]
HEADERS = [
    Bad("no id column", "name,transcript\na,Hello\n", 0, "id", "missing; add it, with a unique id"),
    Bad("no text column", "id,voice\na,Anna\n", 0, "transcript", "missing; add it, with the texts to speak"),
    Bad("misspelt text column", "id,transcirpt\na,Hello\n", 0, "transcript", "does 'transcirpt' mean transcript"),
    Bad("recordings without --op", "file_name,transcription\na.wav,Hi\n", 0, "id", "list of recordings.*add --op stt"),
    Bad("audio without --op", "audio,text\na.wav,Hi\n", 0, "audio", "no operation is given; add --op stt"),
    Bad("duplicate header", "id,transcript,who,who\na,Hi,1,2\n", 0, "who", "2 columns have this name; rename one"),
    Bad(
        "two names for one", "id,text,transcript\na,Hi,Ho\n", 0, "transcript", "both mean transcript; rename or remove"
    ),
    Bad("id twice by case", "id,ID,text\na,b,Hi\n", 0, "ID", "both mean id"),
    Bad("nameless column", ",id,transcript\n0,a,Hi\n", 0, "", "column 1 has values but no name; name it or remove it"),
    Bad("open quote in header", 'id,"transcript\na,Hi\n', 0, "", "names cannot be read.*never closed"),
    Bad(
        "endless name", f"id,text,{'x' * 9000},{'x' * 9000}\na,Hi,,\n", 0, "x" * 100 + "…" + "x" * 67, "2 columns have"
    ),
    Bad("duplicate Parquet column", lambda folder: duplicate_parquet(folder), 0, "who", "2 columns have"),
]
H_OPEN = "id,text,\n" + "".join(f"a{number},Hi,\n" for number in range(150))
LINES = [
    Bad("row without text", "id,transcript,voice\na\n", 1, "transcript", "1 cell, but.*3 columns; add the missing"),
    Bad("row cut off", "id,transcript,voice\na,Hi,Anna\nb,Hel", 2, "voice", "without a line end.*complete"),
    Bad("row in two", "id,transcript,voice\na,Hello\nthere,Anna\n", 1, "voice", "lines 2 and 3 seem to be one row"),
    Bad("long row", "id,transcript\na,Hello\nb,Yes, sir\n", 2, "", "3 cells.*contains a comma must be enclosed"),
    Bad("long TSV row", "id\ttranscript\na\tHi\tx\n", 1, "", "3 cells.*contains a tab must be enclosed", "m.tsv"),
    Bad("late value without a name", H_OPEN + "b,Hi,x\n", 151, "", "cell 3 has a value.*no name"),
    Bad("row after a folded one", 'id,transcript\na,"two\nlines"\nb\n', 2, "transcript", r"\(line 4 of the file\)"),
    Bad("open quote", 'id,transcript\na,Hello\nb,"Hello\n', 2, "", "opened on line 3 and never closed; close it"),
    Bad("open quote over lines", 'id,transcript\na,"Hi\nb,Ho\nc,Hu\n', 1, "", "between line 2 and line 4 and never"),
    Bad("quote inside quotes", 'id,transcript\na,"Say "hi" now"\n', 1, "", 'on line 2.*write it twice \\(""\\)'),
    Bad("cut JSON", one_row() + '{"id": "b", "tran', 2, "", "not JSON: .*correct the line", "m.jsonl"),
    Bad("JSON that is a number", one_row() + "7\n", 2, "", "one object, such as", "m.jsonl"),
    Bad("JSON name twice", '{"id": "a", "id": "b", "text": "Hi"}', 1, "", "'id' occurs twice.*rename", "m.jsonl"),
    Bad("JSON NaN", '{"id": "a", "text": "Hi", "n": NaN}', 1, "", "NaN is not a JSON value; write", "m.jsonl"),
    Bad("JSON nested deep", '{"id": ' + "[" * 100_000 + "\n", 1, "", "nested too deeply; write plain", "m.jsonl"),
    Bad(
        "JSON giant number",
        '{"id": "a", "text": "Hi", "n": ' + "9" * 5000 + "}",
        1,
        "",
        "more digits.*in quotes",
        "m.jsonl",
    ),
    Bad("JSON after blank lines", '{"id": "a", "text": "Hi"}\n\n\n7\n', 2, "", r"\(line 4 of the file\)", "m.jsonl"),
]


@each(FILES)
def test_a_file_that_is_not_a_manifest_is_refused(bad: Bad, tmp_path: Path) -> None:
    """The message says what the file is, and what to do."""
    assert_refused(bad, tmp_path)


@each(HEADERS)
def test_an_invalid_header_is_refused(bad: Bad, tmp_path: Path) -> None:
    """The problem names the missing, empty, duplicate or misspelled name."""
    assert_refused(bad, tmp_path)


@each(LINES)
def test_a_line_that_cannot_be_read_is_refused(bad: Bad, tmp_path: Path) -> None:
    """The message names the row, and the line of the file if it differs."""
    assert_refused(bad, tmp_path)


def test_an_invalid_header_yields_no_rows(tmp_path: Path) -> None:
    """The meaning of the cells is unknown, but the rows are still checked."""
    found = read(written(tmp_path, "id,transcript,who,who\na,Hello,1,2\nb,,1,2\n"))
    assert found.rows == []
    assert [(problem.row, problem.column) for problem in found.problems] == [(0, "who"), (2, "transcript")]
