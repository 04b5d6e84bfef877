"""The codec of plan tables."""

import json
from dataclasses import fields
from itertools import chain
from typing import Any, Literal

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from tests.planning.rows import with_fields
from voicemill.model import (
    AUDIO_OPS,
    Check,
    Op,
    Pronunciation,
    QualityCheck,
    Recording,
    Refusal,
    RequestedOutput,
    Row,
    SourceAudio,
    SpeakerPart,
    Speech,
    Speed,
)
from voicemill.model.audio_formats import BIT_RATES_BPS, ENCODINGS, SAMPLE_RATES_HZ, AudioFormat, SourceFormat
from voicemill.store.tables.row_codec import SCHEMA, decode_row, encode_row

_SPEED_NAMES: tuple[Literal["slow", "normal", "fast"], ...] = ("slow", "normal", "fast")
_SECONDS = st.floats(0, 1e6)
_RATES = st.sampled_from(SAMPLE_RATES_HZ)
_TEXTS = st.lists(st.text(), max_size=3).map(tuple)
_FORMATS = st.builds(AudioFormat, st.sampled_from(["wav", "raw"]), _RATES, st.sampled_from(ENCODINGS)) | st.builds(
    AudioFormat, st.just("mp3"), _RATES, st.none(), st.sampled_from(BIT_RATES_BPS)
)
_KEPT_FORMATS = st.builds(SourceFormat, st.sampled_from(["flac", "ogg", "mkv"]), st.integers(8000, 192_000), st.text())
_FILES = st.builds(Recording, path=st.text(min_size=1), duration_s=_SECONDS, has_video=st.booleans())
_INPUTS = st.none() | _FILES | st.builds(Recording, made_by=st.text(min_size=1))
_SPEEDS: st.SearchStrategy[Speed] = st.sampled_from(_SPEED_NAMES) | st.floats(0.6, 1.5)
_PARTS = st.lists(
    st.builds(SpeakerPart, st.text(), st.text(), st.text(), st.none() | _SPEEDS, _TEXTS, st.floats(0.5, 2.0)),
    max_size=2,
).map(tuple)
_PRONUNCIATIONS = st.lists(st.builds(Pronunciation), max_size=2).map(tuple)
_CHECKS: tuple[Check, ...] = ("off", "signals", "guided", "transcribed")
_SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()


@st.composite
def rows(draw: st.DrawFn) -> Row:
    """Rows of every operation, with any value in each field."""
    op = draw(st.sampled_from(Op))
    kept = draw(st.none() | _KEPT_FORMATS) if op in AUDIO_OPS else None
    return Row(
        number=draw(st.integers(1, 2**40)),
        id=draw(st.text()),
        op=op,
        file_name=draw(st.text()),
        output=RequestedOutput(
            format=kept.request_format if kept else draw(st.none() | _FORMATS),
            source_format=kept,
            splice=draw(st.booleans()) if op is Op.INFILL else True,
            timestamps=draw(st.booleans()),
            text_formats=draw(_TEXTS),
        ),
        model=draw(st.text()),
        language=draw(st.text()),
        speech=Speech(
            text="" if op is Op.STT else draw(st.text()),
            text_from=draw(_INPUTS),
            voice_id=draw(st.text()),
            speed=draw(st.none() | _SPEEDS),
            emotion=draw(_TEXTS),
            parts=draw(_PARTS),
            pronunciations=draw(_PRONUNCIATIONS),
        ),
        source=SourceAudio(
            audio=draw(_INPUTS),
            left=draw(_INPUTS),
            right=draw(_INPUTS),
            from_s=draw(st.none() | _SECONDS),
            to_s=draw(st.none() | _SECONDS),
            boundaries_s=draw(st.lists(_SECONDS, max_size=4).map(tuple)),
            reference=draw(st.text()) if op is Op.STT else "",
        ),
        quality=QualityCheck(draw(st.sampled_from(_CHECKS)), draw(st.integers(1, 10)), draw(_TEXTS)),
        refusal=draw(st.none() | st.builds(Refusal, st.text(), st.text())),
        carried=draw(st.dictionaries(st.text(), _SCALARS, max_size=3)),
    )


@given(st.lists(rows(), max_size=4))
def test_rows_round_trip_through_a_table(given_rows: list[Row]) -> None:
    """Any rows are the same after they were written to a table and read back."""
    table = pa.Table.from_pylist([encode_row(each, calls=2) for each in given_rows], SCHEMA)
    assert [decode_row(record) for record in table.to_pylist()] == given_rows


def test_codec_covers_every_field_of_a_row() -> None:
    """A field that is added to `Row` or to a part without a column fails this test: its value would be lost."""
    samples: dict[type, dict[str, Any]] = {
        Row: {"number": 2, "id": "b", "op": Op.TTS, "file_name": "b.wav", "model": "m", "language": "en",
              "refusal": Refusal("c", "w"), "carried": {"x": 1}},
        Speech: {"text": "t", "text_from": Recording("t"), "voice_id": "v", "speed": "slow", "emotion": ("calm",),
                 "parts": (SpeakerPart("t", "s", "v", 1.2, ("calm",), 0.8),),
                 "pronunciations": (Pronunciation("Siobhan", "Shivawn"),)},
        SourceAudio: {"audio": Recording("a"), "left": Recording("l"), "right": Recording("r"), "from_s": 1.0,
                      "to_s": 2.0, "boundaries_s": (1.0,), "reference": "r"},
        RequestedOutput: {"format": AudioFormat("wav", 8000, "pcm_s16le"),
                          "source_format": SourceFormat("ogg", 8000, "x"), "splice": False, "timestamps": True,
                          "text_formats": ("srt",)},
        QualityCheck: {"check": "guided", "max_takes": 3, "allowed_words": ("t",)},
    }  # fmt: skip
    parts = {"speech": Speech, "source": SourceAudio, "output": RequestedOutput, "quality": QualityCheck}
    assert {each.name for each in fields(Row)} == {*samples[Row], *parts}
    assert all(samples[kind].keys() == {each.name for each in fields(kind)} for kind in parts.values())
    for name, value in chain.from_iterable(of.items() for of in samples.values()):
        op = Op.STT if name == "reference" else Op.INFILL
        plain = Row(1, "a", op, "a.wav", RequestedOutput())
        assert encode_row(with_fields(plain, **{name: value}), calls=1) != encode_row(plain, calls=1), name


def test_record_of_an_earlier_version_is_read() -> None:
    """The columns and the JSON of a plan that voicemill wrote before this codec existed are read as before."""
    recording: dict[str, Any] = {
        "path": "/in/talk.flac", "sha256": "0" * 64, "size_bytes": 9, "duration_s": 2.5, "has_video": False,
        "container": "flac", "encoding": "flac", "sample_rate_hz": 22050, "made_by": "", "address": "", "mtime_ns": 7,
        "inode": 3,
    }  # fmt: skip
    made_by_a = {**dict.fromkeys(recording, ""), "size_bytes": 0, "duration_s": 0.0, "has_video": False,
                 "sample_rate_hz": 0, "made_by": "a", "mtime_ns": 0, "inode": 0}  # fmt: skip
    contents = {"audio": recording, "left_audio": None, "right_audio": None, "text_file": made_by_a}
    record = {
        "number": 4, "id": "d", "op": "infill", "transcript": None, "voice": "v", "model": "sonic-2", "language": "en",
        "container": "flac", "sample_rate": 22050, "encoding": "flac", "bit_rate": None, "speed": "0.8",
        "emotion": ["positivity:high"], "audio": "/in/talk.flac", "left_audio": None, "right_audio": None,
        "text_file": "@a", "from_s": 0.5, "to_s": 1.0, "splice": False, "cuts_s": [0.5, 1.0], "timestamps": False,
        "output_format": [], "recordings": json.dumps(contents), "keeps_format": True, "takes": ["a"], "refusal": None,
        "file_name": "audio/d.flac", "carried": '{"note": "n"}', "calls": 1,
    }  # fmt: skip
    assert decode_row(record) == Row(
        number=4,
        id="d",
        op=Op.INFILL,
        file_name="audio/d.flac",
        output=RequestedOutput(
            AudioFormat("wav", 22050, "pcm_s16le"), SourceFormat("flac", 22050, "flac"), splice=False
        ),
        model="sonic-2",
        language="en",
        speech=Speech(text_from=Recording(made_by="a"), voice_id="v", speed=0.8, emotion=("positivity:high",)),
        source=SourceAudio(Recording(**recording), from_s=0.5, to_s=1.0, boundaries_s=(0.5, 1.0)),
        carried={"note": "n"},
    )
