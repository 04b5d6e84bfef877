"""Good manifests: every format gives the same rows, ids keep their bytes, and a row's own cell comes first."""

import json
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.manifest.read_manifest import ANNA, BERTA, TWINS, read_good, written
from voicemill.model import Op, QualityCheck, RequestedOutput, Row, Speech
from voicemill.model.audio_formats import AudioFormat

NUMBER_LIKE = ["007", "1e5", "-0", "0x10"]
WORD_LIKE = ["NA", "null", "nan", "None", "True", " a ", "  ", "x" * 10_000]
UNICODE = ["é", "e\u0301", "日本語", "\u200fעברית", "👩\u200d🚀"]
IDS = NUMBER_LIKE + WORD_LIKE + UNICODE
RECORDS = [
    {
        "id": row_id,
        "transcript": f"Text “{number}”, with, commas\tand\n\nline ends. ",
        "voice": ["Anna", "berta", BERTA.id, ""][number % 4],
        "speed": ["", "slow", "FAST", "normal"][number % 4],
        "container": ["wav", "mp3", "raw", ""][number % 4],
        "note": ["", "NA", "0012", "ü"][number % 4],
    }
    for number, row_id in enumerate(IDS)
]


def quoted(cell: str) -> str:
    """A CSV cell in quotes."""
    return '"' + cell.replace('"', '""') + '"'


def delimited(separator: str, end: str = "\n") -> str:
    """The records as CSV or TSV."""
    lines = [separator.join(RECORDS[0])] + [separator.join(map(quoted, record.values())) for record in RECORDS]
    return "".join(line + end for line in lines)


def json_lines() -> str:
    """The records as JSONL."""
    return "".join(json.dumps(record) + "\n" for record in RECORDS)


def test_every_format_gives_the_same_rows(tmp_path: Path) -> None:
    """CSV, TSV, JSONL and Parquet of the same content are read to identical rows."""
    pq.write_table(pa.Table.from_pylist(RECORDS), tmp_path / "m.parquet", row_group_size=4)
    expected = read_good(tmp_path / "m.parquet").rows
    assert [row.id for row in expected] == IDS
    assert [row.carried for row in expected] == [{"note": record["note"]} for record in RECORDS]
    for name, content in {
        "m.csv": delimited(","),
        "crlf.csv": delimited(",", "\r\n"),
        "bom.csv": "\ufeff" + delimited(","),
        "m.tsv": delimited("\t"),
        "tabs.txt": delimited("\t"),
        "m.jsonl": json_lines(),
        "bom.ndjson": "\ufeff" + json_lines().replace("\n", "\r\n\r\n"),
        "no_name_at_all": json_lines().rstrip("\n"),
    }.items():
        assert read_good(written(tmp_path, content, name)).rows == expected, name


def test_a_row_has_all_that_a_call_needs(tmp_path: Path) -> None:
    """One full row, field by field."""
    path = written(
        tmp_path,
        "id,op,script,voice,model,language,container,sample_rate,encoding,bit_rate,speed,emotion,out,Title,n\n"
        "ch-01,TTS, Hello ,ANNA,sonic-3,EN,MP3,24000,,64000,1.10,calm,{Title}/{row:03d}-{id},One,7\n",
    )
    found = read_good(path)
    assert found.row == Row(
        number=1,
        id="ch-01",
        op=Op.TTS,
        file_name="audio/One/001-ch-01.mp3",
        output=RequestedOutput(AudioFormat("mp3", 24000, bit_rate_bps=64000)),
        model="sonic-3",
        language="en",
        speech=Speech(" Hello ", voice_id=ANNA.id, speed=1.1, emotion=("calm",)),
        quality=QualityCheck("signals"),
        carried={"Title": "One", "n": "7"},
    )
    assert found.check.columns[2] == "script"
    assert found.check.carried_columns == ("Title", "n")
    assert found.check.warnings == []
    assert found.check.row_count == 1


@pytest.mark.parametrize("name", ["transcript", "text", "Input", "SCRIPT", " Text "])
def test_the_text_column_has_several_names(name: str, tmp_path: Path) -> None:
    """Users call it by different names, in upper or lower case."""
    assert read_good(written(tmp_path, f"ID,{name}\na,Hello\n")).row.speech.text == "Hello"


def test_whole_numbers_are_ids_by_their_digits(tmp_path: Path) -> None:
    """A typed id is its text: in Parquet, in JSON, and beyond 64 bits."""
    pq.write_table(pa.table({"id": [7, -1], "text": ["a", "b"]}), tmp_path / "m.parquet")
    assert [row.id for row in read_good(tmp_path / "m.parquet").rows] == ["7", "-1"]
    path = written(tmp_path, '{"id": 123456789012345678901234567890, "text": "a"}', "m.jsonl")
    assert read_good(path).row.id == "123456789012345678901234567890"


def test_typed_cells_are_carried_as_they_are(tmp_path: Path) -> None:
    """Scalars keep their type; nested values become JSON text; numbers too large for a table become text."""
    values = {"i": 7, "f": 1.5, "b": True, "d": date(2024, 2, 29), "none": None, "l": ["é", 1.5 and "x"]}
    pq.write_table(pa.Table.from_pylist([{"id": "a", "text": "Hi", **values, "s": {"x": 1}}]), tmp_path / "m.parquet")
    assert read_good(tmp_path / "m.parquet").row.carried == {**values, "l": '["é", "x"]', "s": '{"x": 1}'}
    typed = f'{{"id": "a", "text": "Hi", "i": 1, "f": 1.0, "b": false, "big": {2**70}}}'
    path = written(tmp_path, typed + '\n{"id": "b", "text": "Ho"}', "m.jsonl")
    first, second = read_good(path).rows
    assert first.carried == {"i": 1, "f": 1.0, "b": False, "big": str(2**70)}
    assert [type(value) for value in first.carried.values()] == [int, float, bool, str]
    assert second.carried == dict.fromkeys(first.carried)


def test_numbers_and_gaps_of_a_data_frame_are_understood(tmp_path: Path) -> None:
    """The floats and NaN that pandas stores for a column with gaps are read as whole numbers and empty cells."""
    table = pa.table(
        {
            "id": ["a", "b"],
            "text": ["x", "y"],
            "sample_rate": [24000.0, float("nan")],
            "speed": pa.array([1.1, None], pa.float32()),
            "model": ["sonic-3", None],
        }
    )
    pq.write_table(table, tmp_path / "m.parquet")
    first, second = read_good(tmp_path / "m.parquet").rows
    assert (first.output.audio_format.sample_rate_hz, first.speech.speed, first.model) == (24000, 1.1, "sonic-3")
    assert (second.output.audio_format.sample_rate_hz, second.speech.speed, second.model) == (44100, None, "sonic-2")


def test_a_cell_comes_before_the_settings(tmp_path: Path) -> None:
    """Row, then command line and profile, then the built-in default."""
    path = written(
        tmp_path,
        "id,text,voice,model,language,container,sample_rate,speed,emotion\n"
        "a,Hi,Anna,sonic-turbo,en,wav,8000,fast,anger\nb,Hi,,,,,,,\n",
    )
    given = {"voice": "Berta", "model": "sonic-3", "language": "de", "container": "mp3", "sample_rate": 16000}
    own, default = read_good(path, **given, speed="0.9", emotion="calm", bit_rate=64000).rows
    assert (own.model, own.language) == ("sonic-turbo", "en")
    assert (own.speech.voice_id, own.speech.speed, own.speech.emotion) == (ANNA.id, "fast", ("anger",))
    assert own.output.format == AudioFormat("wav", 8000, encoding="pcm_s16le")
    assert (default.model, default.language) == ("sonic-3", "de")
    assert (default.speech.voice_id, default.speech.speed, default.speech.emotion) == (BERTA.id, 0.9, ("calm",))
    assert default.output.format == AudioFormat("mp3", 16000, bit_rate_bps=64000)


def test_a_default_that_does_not_fit_the_container_is_not_applied(tmp_path: Path) -> None:
    """A default bit rate is for mp3, a default encoding for the others; mp3 takes an empty encoding."""
    path = written(tmp_path, "id,text,container,encoding\na,Hi,wav,\nb,Hi,mp3,\nc,Hi,raw,pcm_mulaw\n")
    formats = [row.output.format for row in read_good(path, encoding="pcm_f32le", bit_rate=192000).rows]
    assert formats == [
        AudioFormat("wav", 44100, encoding="pcm_f32le"),
        AudioFormat("mp3", 44100, bit_rate_bps=192000),
        AudioFormat("raw", 44100, encoding="pcm_mulaw"),
    ]
    plain = [row.output.audio_format for row in read_good(path).rows]
    assert (plain[0].encoding, plain[1].bit_rate_bps) == ("pcm_s16le", 128000)


def test_without_a_voice_the_first_of_the_language_speaks(tmp_path: Path) -> None:
    """Each row gets a voice that knows its language."""
    path = written(tmp_path, "id,text,language\na,Hi,\nb,Hallo,de\nc,Salut,fr\n")
    assert [row.speech.voice_id for row in read_good(path).rows] == [ANNA.id, BERTA.id, TWINS[1].id]


def test_a_text_file_is_read_beside_the_manifest(tmp_path: Path) -> None:
    """Its content is the transcript, without the byte order mark; subfolders and links inside are allowed."""
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_bytes("\ufeff\n  Grüße\r\n\n".encode())
    (tmp_path / "link.txt").symlink_to(tmp_path / "texts" / "a.txt")
    path = written(tmp_path, "id,transcript,text_file\na,,texts/a.txt\nb,,link.txt\nc, ,./texts/../link.txt\nd,Hi,\n")
    texts = [row.speech.text for row in read_good(path).rows]
    assert texts == ["\n  Grüße\r\n\n"] * 3 + ["Hi"]


def test_the_longest_text_is_accepted(tmp_path: Path) -> None:
    """A cell may have two million characters."""
    text = "Wort für Wort. " * 133_333
    assert read_good(written(tmp_path, f'id,text\na,"{text}"\n')).row.speech.text == text


@pytest.mark.parametrize(
    ("container", "out", "file_name"),
    [
        ("wav", "part 1/Chapter 1.5", "audio/part 1/Chapter 1.5.wav"),
        ("wav", "A.WAV", "audio/A.WAV"),
        ("raw", "a.raw", "audio/a.raw"),
        ("raw", "a", "audio/a.pcm"),
        ("mp3", "Größe/章.mp3", "audio/Größe/章.mp3"),
        ("wav", "{{{id}}}", "audio/{A b}.wav"),
        ("wav", "{row:05d}-{n:>4}-{n:03d}-{who:.2}", "audio/00001-   7-007-Zo.wav"),
        ("wav", "{voice}/{a.b}", "audio/Anna/dotted.wav"),
        ("wav", "  spaced  ", "audio/spaced.wav"),
        ("mp3", "", "audio/a-b-a760b0e1e5180903.mp3"),
        ("raw", "", "audio/a-b-a760b0e1e5180903.pcm"),
    ],
)
def test_out_names_the_file(container: str, out: str, file_name: str, tmp_path: Path) -> None:
    """Placeholders are filled in, the extension is added where it is absent, and no `out` means a name from the id."""
    record = {"id": "A b", "text": "Hi", "container": container, "out": out, "n": "7", "who": "Zoë", "a.b": "dotted"}
    assert read_good(written(tmp_path, json.dumps(record), "m.jsonl")).row.file_name == file_name


def test_emotions_follow_the_model(tmp_path: Path) -> None:
    """Older models take a list with levels, sonic-3 one free word."""
    path = written(
        tmp_path,
        '{"id":"a","text":"Hi","emotion":["anger:high","curiosity"]}\n'
        '{"id":"b","text":"Hi","emotion":"Positivity:lowest, surprise"}\n'
        '{"id":"c","text":"Hi","emotion":"gently amused","model":"sonic-3.5"}\n',
        "m.jsonl",
    )
    found = read_good(path)
    assert [row.speech.emotion for row in found.rows] == [
        ("anger:high", "curiosity"),
        ("positivity:lowest", "surprise"),
        ("gently amused",),
    ]
    assert [(warning.row, warning.column) for warning in found.check.warnings] == [(3, "emotion")]


@pytest.mark.parametrize("model", ["sonic-english", "sonic-9", "sonic2"])
def test_an_unknown_or_ended_model_warns_once(model: str, tmp_path: Path) -> None:
    """The service adds models, so a new name is no problem; the warning stands at the first row that has it."""
    found = read_good(written(tmp_path, "id,text,model\na,Hi,\n" + "".join(f"{n},Hi,{model}\n" for n in range(9))))
    assert [(warning.row, warning.column) for warning in found.check.warnings] == [(2, "model")]
    assert model in found.check.warnings[0].why


@pytest.mark.parametrize(
    ("name", "meant"),
    [("voise", "voice"), ("Sample-Rate", "sample_rate"), ("model_id", "model"), ("langauge", "language")],
)
def test_a_column_that_looks_misspelt_warns_and_is_carried(name: str, meant: str, tmp_path: Path) -> None:
    """A wrong name does not silently mean the default."""
    found = read_good(written(tmp_path, f"id,text,{name}\na,Hi,x\n"))
    assert found.row.carried == {name: "x"}
    assert [(warning.row, warning.column) for warning in found.check.warnings] == [(0, name)]
    assert repr(meant) in found.check.warnings[0].why


def test_other_columns_do_not_warn(tmp_path: Path) -> None:
    """A name that resembles a column only a little causes no warning, nor does one whose column exists."""
    found = read_good(written(tmp_path, "id,text,voice,voices,title,chapter,notes,ix\na,Hi,Anna,1,2,3,4,5\n"))
    assert found.check.warnings == []


def test_an_id_of_blanks_warns(tmp_path: Path) -> None:
    """The id is kept, although it may be meant to be empty."""
    found = read_good(written(tmp_path, "id,text\n  ,Hi\n"))
    assert found.row.id == "  "
    assert [(warning.row, warning.column) for warning in found.check.warnings] == [(1, "id")]


def test_empty_rows_are_skipped_with_a_warning(tmp_path: Path) -> None:
    """Rows with separators only, as spreadsheets write them, are skipped; blank lines do not count as rows."""
    found = read_good(written(tmp_path, "id,text\na,Hi\n,\n\nb,Ho\n"))
    assert [(row.number, row.id) for row in found.rows] == [(1, "a"), (3, "b")]
    assert [(warning.row, "skipped" in warning.why) for warning in found.check.warnings] == [(2, True)]
    assert found.check.row_count == 3
