"""Columns that other formats use for recordings: they are used, or they are a problem."""

import io
import json
import re
from pathlib import Path
from typing import Any

import av
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.manifest.read_manifest import INSPECT, VOICES, written
from tests.manifest.sources.archives import recording
from voicemill.config import Inputs, load_settings
from voicemill.errors import ManifestError
from voicemill.manifest import ManifestCheck
from voicemill.manifest.passage_names import passage_name
from voicemill.model import Row
from voicemill.pipeline.fetch_inputs import Fetch

STT = load_settings(operation="stt")


def rows_of(source: Path, op: str = "stt", store: Path | None = None) -> list[Row]:
    """The rows of a good manifest for one operation."""
    inputs = Fetch.into(store or source.parent / "inputs", Inputs())
    check = ManifestCheck(source, load_settings(operation=op), VOICES, INSPECT, inputs)
    rows = list(check)
    check.raise_if_bad()
    return rows


def passages(rows: list[Row]) -> list[tuple[str, float | None, float | None]]:
    """The id of each row, and where its passage begins and ends."""
    return [(row.id, row.source.from_s, row.source.to_s) for row in rows]


@pytest.fixture(autouse=True)
def _recordings(tmp_path: Path) -> None:
    recording(tmp_path / "long.wav", seconds=6.05)
    (tmp_path / "clips").mkdir()
    recording(tmp_path / "clips" / "one.wav", seconds=1.0)


def test_nemo_offsets_choose_the_passage(tmp_path: Path) -> None:
    """Without an id, the row is named after its recording and its offset."""
    lines: list[dict[str, Any]] = [
        {"audio_filepath": "long.wav", "offset": 0.0, "duration": 2.0, "text": "one"},
        {"audio_filepath": "long.wav", "offset": 2, "duration": 2.5},
        {"audio_filepath": "long.wav", "offset": 4.0, "duration": 2.1},
        {"audio_filepath": "clips/one.wav", "duration": 1.0, "text": "all of it"},
    ]
    path = written(tmp_path, "".join(json.dumps(line) + "\n" for line in lines), "m.jsonl")
    rows = rows_of(path)
    assert passages(rows) == [
        ("long-0", 0.0, 2.0),
        ("long-2", 2.0, 4.5),
        ("long-4", 4.0, 6.05),
        ("clips/one", None, None),
    ]
    assert [row.source.reference for row in rows] == ["one", "", "", "all of it"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("start", "end"), ("start_s", "end_s"), ("begin_time", "end_time"), ("begin", "stop"), ("start_sec", "end_sec"),
        ("offset", "to_s"), ("from_s", "to_s"), ("segment_start", "segment_end"), ("xmin", "xmax"), ("in", "end"),
        ("Start Time (s)", "End Time (s)"), ("beg", "to_sec"), ("startOffset", "endOffset"), ("t0", "t1"),
        ("from", "to"), ("clip_start", "Clip-End"), ("t_start", "utt.end"), ("start_ts", "end_hms"),
    ],
)  # fmt: skip
def test_starts_and_ends_choose_the_passage(first: str, second: str, tmp_path: Path) -> None:
    """Whatever a format calls them; a start alone goes to the end."""
    path = written(tmp_path, f"id,path,{first},{second}\na,long.wav,1.5,3\nb,long.wav,0:02,\n")
    assert passages(rows_of(path)) == [("a", 1.5, 3.0), ("b", 2.0, 6.05)]


@pytest.mark.parametrize(
    ("columns", "cells", "to_s"),
    [
        ("start,dur", "1,2", 3.0),
        ("offset_sec,duration_sec", "1,2", 3.0),
        ("start,audio_duration,end", "1,6.05,2", 2.0),
        ("start,duration,clip_duration", "1,2,6.05", 3.0),
    ],
)
def test_durations_of_other_names_count_where_there_is_no_end(
    columns: str, cells: str, to_s: float, tmp_path: Path
) -> None:
    """With an end or a column `duration`, they are those of the whole recording."""
    rows = rows_of(written(tmp_path, f"id,audio,{columns}\na,long.wav,{cells}\n"))
    assert passages(rows) == [("a", 1.0, to_s)]


@pytest.mark.parametrize(
    "cell", [[1.0, 2.5], "1.0-2.5", "[1.0, 2.5]", "00:01 --> 00:02,5", {"start": 1, "end": 2.5}, "1.0s to 2.5s"]
)
def test_a_passage_in_one_cell_is_refused(cell: object, tmp_path: Path) -> None:
    """The whole recording would be used without a word."""
    path = written(tmp_path, json.dumps({"audio": "long.wav", "segment": cell}) + "\n", "m.jsonl")
    with pytest.raises(ManifestError, match="write columns from_s and to_s"):
        rows_of(path)


@pytest.mark.parametrize("cell", ["intro", "3", "2024-01-02", "12-3", {"name": "intro"}])
def test_a_label_is_not_a_passage(cell: object, tmp_path: Path) -> None:
    """A column of the same name may hold anything else, which is carried along."""
    path = written(tmp_path, json.dumps({"audio": "long.wav", "segment": cell}) + "\n", "m.jsonl")
    assert passages(rows_of(path)) == [("long", None, None)]


@pytest.mark.parametrize(
    "name", ["end_of_sentence", "text_length", "word_start", "start_end", "timestamp", "seek", "to"]
)
def test_other_columns_are_not_times(name: str) -> None:
    """A name with any word that is not about times, or with two of them, means something else."""
    assert passage_name(name) is None


def test_the_choice_of_a_channel_is_refused(tmp_path: Path) -> None:
    """Two rows for the two speakers of a call would both be the mix; a recording of one channel has no choice."""
    with av.open(tmp_path / "call.wav", "w") as file:
        stream: Any = file.add_stream("pcm_s16le", rate=8000, layout="stereo")
        frame = av.AudioFrame.from_ndarray(np.full((1, 16000), 99, np.int16), "s16", "stereo")
        frame.sample_rate = 8000
        file.mux(stream.encode(frame))
    path = written(tmp_path, "id,audio,channel\na,call.wav,0\nb,call.wav,\nc,long.wav,0\n")
    with pytest.raises(ManifestError) as caught:
        rows_of(path)
    assert [(problem.row, problem.column) for problem in caught.value.problems] == [(1, "channel")]
    assert "the recording has 2" in caught.value.problems[0].why


@pytest.mark.parametrize(
    ("cells", "column", "says"),
    [
        ("3,2,6", "duration", "to_s ends the passage at 6 s, but duration at 5 s"),
        ("7,,", "from_s", "7 s is after the end"),
        ("1,9,", "duration", "10 s is after the end"),
        ("3,,2", "to_s", "ends at 2 s, which is not after"),
    ],
)
def test_a_passage_outside_its_recording_is_refused(cells: str, column: str, says: str, tmp_path: Path) -> None:
    """The problem names the moment."""
    path = written(tmp_path, f"id,audio,from_s,duration,to_s\na,long.wav,{cells}\n")
    with pytest.raises(ManifestError) as caught:
        rows_of(path)
    assert [(problem.row, problem.column) for problem in caught.value.problems] == [(1, column)]
    assert re.search(says, caught.value.problems[0].why)


def test_a_duration_that_is_shorter_than_the_recording_is_named_in_a_warning(tmp_path: Path) -> None:
    """It may be that of the whole recording, rounded; with a column of starts, it is meant."""
    path = written(tmp_path, "id,audio,duration\na,long.wav,0:06\nb,long.wav,5\nc,long.wav,6.0\n")
    check = ManifestCheck(path, STT, VOICES, INSPECT)
    assert [row.source.to_s for row in check] == [6.0, 5.0, 6.0]
    assert [(warning.row, warning.column) for warning in check.warnings] == [(2, "duration")]
    assert "1.05 s longer than this, and the rest is not used" in check.warnings[0].why
    check = ManifestCheck(written(tmp_path, "id,audio,offset,duration\na,long.wav,0,5\n"), STT, VOICES, INSPECT)
    assert [row.source.to_s for row in check] == [5.0]
    assert check.warnings == []


def test_voice_conversion_of_a_passage(tmp_path: Path) -> None:
    """A row with an offset converts the passage from there on."""
    rows = rows_of(written(tmp_path, "id,audio,offset,voice\na,long.wav,2,Anna\n"), "voice_change")
    assert passages(rows) == [("a", 2.0, 6.05)]


def test_an_audio_folder_is_read(tmp_path: Path) -> None:
    """`file_name` is the recording, `transcription` its text."""
    path = written(tmp_path, "file_name,transcription\nlong.wav,The text.\n", "metadata.csv")
    (row,) = rows_of(path)
    assert (row.id, row.source.reference) == ("long", "The text.")
    assert [Path(recording.path).name for recording in row.source.recordings] == ["long.wav"]


def test_our_own_metadata_is_read(tmp_path: Path) -> None:
    """The voice and the model that made a recording are not those that transcribe it."""
    path = written(
        tmp_path,
        "file_name,id,transcript,duration_s,sample_rate_hz,voice,model,language,sha256\n"
        "long.wav,a,'-Hello.,6.05,16000,Anna,sonic-2,en,00\n",
    )
    (row,) = rows_of(path)
    assert (row.source.reference, row.model) == ("-Hello.", "ink-whisper")


def test_common_voice_recordings_are_in_its_clips_folder(tmp_path: Path) -> None:
    """`path` is relative to `clips`, `sentence` is the text, and a quote in it is text."""
    path = written(tmp_path, 'client_id\tpath\tsentence\tage\nx\tone.wav\t"Where to?\t\n', "validated.tsv")
    (row,) = rows_of(path)
    assert (row.id, row.source.reference) == ("one", '"Where to?')
    assert row.source.audio is not None
    assert row.source.audio.path.endswith("clips/one.wav")


def test_common_voice_names_its_language(tmp_path: Path) -> None:
    """Each row has the language of its `locale`; one that the model does not know is a problem."""
    names = "client_id\tpath\tsentence\tlocale\n"
    (row,) = rows_of(written(tmp_path, f"{names}x\tone.wav\tHallo.\tde\n", "validated.tsv"))
    assert (row.language, row.carried) == ("de", {"client_id": "x"})
    with pytest.raises(ManifestError, match="row 1, column locale: 'zh-CN' is not a language of the service; write zh"):
        rows_of(written(tmp_path, f"{names}x\tone.wav\tHi.\tzh-CN\n", "validated.tsv"))


def test_audio_inside_a_table_is_used(tmp_path: Path) -> None:
    """Hugging Face data sets store bytes, or a path, in one column."""
    content = (tmp_path / "clips" / "one.wav").read_bytes()
    cells = [{"bytes": content, "path": "a.wav"}, {"bytes": None, "path": "long.wav"}]
    pq.write_table(pa.table({"audio": cells, "text": ["one", "two"]}), tmp_path / "m.parquet")
    first, second = rows_of(tmp_path / "m.parquet")
    assert (first.id, second.id) == ("a", "long")
    assert first.source.audio is not None
    assert Path(first.source.audio.path).read_bytes() == content


def test_audio_inside_a_table_that_is_not_audio_is_one_problem(tmp_path: Path) -> None:
    """The message names the cell's own path."""
    buffer = io.BytesIO()
    pq.write_table(pa.table({"id": ["a"], "audio": [{"bytes": b"RIFF", "path": "a.wav"}]}), buffer)
    with pytest.raises(ManifestError, match=r"the audio in this cell \(a.wav\)") as caught:
        rows_of(written(tmp_path, buffer.getvalue(), "m.parquet"))
    assert caught.value.count == 1


def test_times_in_a_manifest_of_texts_are_carried_along(tmp_path: Path) -> None:
    """There is no recording that they could be about; a warning says so."""
    check = ManifestCheck(written(tmp_path, "id,text,start,duration\na,Hi,1,2\n"), load_settings(), VOICES)
    (row,) = check
    assert dict(row.carried) == {"start": "1", "duration": "2"}
    assert [warning.column for warning in check.warnings] == ["start", "duration"]


def test_two_columns_for_one_meaning_are_refused(tmp_path: Path) -> None:
    """Neither is chosen silently."""
    with pytest.raises(ManifestError, match="'offset' and 'start' both mean from_s"):
        rows_of(written(tmp_path, "id,audio,offset,start\na,long.wav,1,2\n"))


def test_whole_numbers_stored_as_fractions_name_files(tmp_path: Path) -> None:
    """pandas stores a column of whole numbers with a gap as fractions."""
    columns = {"id": ["a"], "text": ["Hi"], "chapter": [1.0], "out": ["{chapter:03d}-{chapter}"]}
    pq.write_table(pa.table(columns), tmp_path / "m.parquet")  # type: ignore[arg-type]
    (row,) = rows_of(tmp_path / "m.parquet", "tts")
    assert (row.file_name, row.carried) == ("audio/001-1.wav", {"chapter": 1.0})


def test_a_column_that_looks_like_a_setting_is_named(tmp_path: Path) -> None:
    """It is carried along with a warning that says what to do."""
    check = ManifestCheck(written(tmp_path, "id,audio,volume\na,long.wav,1\n"), STT, VOICES, INSPECT)
    assert len(list(check)) == 1
    assert [(warning.column, "--cast" in warning.why) for warning in check.warnings] == [("volume", True)]


@pytest.mark.parametrize(
    ("columns", "problems"),
    [
        ("start_ms,end_ms", {"start_ms": "a column from_s", "end_ms": "a column to_s"}),
        ("start,Duration MS", {"Duration MS": "a column duration"}),
        ("onset,offset", {"offset": "'onset' and 'offset' both mean from_s"}),
        ("Start (ms)", {"Start (ms)": "times in milliseconds"}),
        ("start_frame,end_frame", {"start_frame": "times in samples", "end_frame": "times in samples"}),
        ("start_ms,start,duration,duration_ms", {}),
        ("duration_ms", {}),
        ("startMillis,end_us", {"startMillis": "times in milliseconds", "end_us": "times in microseconds"}),
        ("start,length", {"length": "may be the duration"}),
        ("length", {}),
    ],
)
def test_times_that_would_be_ignored_are_problems(columns: str, problems: dict[str, str], tmp_path: Path) -> None:
    """Milliseconds and samples are problems, unless there is a time in seconds or the row is a whole file."""
    path = written(tmp_path, f"id,audio,{columns}\na,long.wav,{','.join('1' for _ in columns.split(','))}\n")
    check = ManifestCheck(path, STT, VOICES, INSPECT)
    list(check)
    assert {problem.column for problem in check.problems} == set(problems)
    assert all(problems[problem.column] in problem.why for problem in check.problems)
    assert check.warnings == []


def test_column_names_may_have_spaces_and_capitals(tmp_path: Path) -> None:
    """`Start Time` is `start_time`, and a no-break space around a name is not part of it."""
    rows = rows_of(written(tmp_path, "id,\xa0Audio\xa0,Start Time,End-Time\na,long.wav,0:01,2\n"))
    assert passages(rows) == [("a", 1.0, 2.0)]


def test_an_embedded_recording_comes_before_its_file_name(tmp_path: Path) -> None:
    """Data sets of Hugging Face have both; the name is carried along."""
    line = {"file_name": "clips/one.wav", "audio": {"path": "long.wav"}, "sentence": "Hi"}
    path = written(tmp_path, json.dumps(line) + "\n", "metadata.jsonl")
    check = ManifestCheck(path, STT, VOICES, INSPECT)
    (row,) = check
    assert row.source.audio is not None
    assert (Path(row.source.audio.path).name, check.warnings) == ("long.wav", [])
