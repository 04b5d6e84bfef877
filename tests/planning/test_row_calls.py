"""The calls of a row, and the inputs of a call's key and a file's fingerprint."""

import json
import subprocess
import sys
from dataclasses import fields, replace
from typing import Any

import pytest

from tests.planning.rows import WAV, row, transcript_of
from voicemill.config import LongText
from voicemill.model import Row, SpeakerPart, Tts
from voicemill.model.audio_formats import AudioFormat
from voicemill.model.service_tags import LONGEST_PAUSE_S
from voicemill.planning.row_calls import RowPlan, plan_row, request_encoding

LONG_TEXT = LongText()
BOOK = "Chapter One\n\nIt was dark. " + "The wind turned the mill. " * 30 + "\n\n* * *\n\nIt was light."
CALL = Tts("https://api.cartesia.ai", "sonic-2", "Hello.", "v", "en", 24000, "pcm_s16le")
OTHER: dict[str, Any] = {
    "service": "embedded/1",
    "model": "sonic-3",
    "transcript": "Hello!",
    "voice_id": "w",
    "language": "fr",
    "sample_rate_hz": 16000,
    "encoding": "pcm_f32le",
    "speed": "slow",
    "emotion": ("calm",),
    "timestamps": True,
    "take": 2,
}


def plan(of: Row | None = None, service: str = "s", **long_text: Any) -> RowPlan:
    """The plan of a row."""
    return plan_row(of or row(), service, LongText(**long_text))


def keys(of: RowPlan) -> list[str]:
    """The keys of a row's calls."""
    return [piece.call.key for piece in of.pieces]


def test_key_is_the_same_in_every_process() -> None:
    """A stored answer is found again after a restart, whatever Python's hash seed."""
    code = f"from voicemill.model import Tts; print({CALL!r}.key)"
    found = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True
        ).stdout
        for seed in ("1", "2")
    }
    assert found == {CALL.key + "\n"}
    assert len(CALL.key) == 64


def test_key_does_not_change_between_versions() -> None:
    """Answers paid with an earlier version are found again: the expected key must never change."""
    assert CALL.key == "d7c93868bd2639eab1e13250266237737e6821ac23d1955a5ad03508cb09316f"


@pytest.mark.parametrize("field", [field.name for field in fields(Tts)])
def test_key_changes_with_every_parameter(field: str) -> None:
    """Another value of any field gives another key."""
    assert replace(CALL, **{field: OTHER[field]}).key != CALL.key


def test_keys_distinguish_adjacent_fields() -> None:
    """Moving text from one field to the next gives another key, and so does a value of another type."""
    variants = [
        replace(CALL, model="sonic", transcript="-2Hello."),
        replace(CALL, voice_id="en", language="v"),
        replace(CALL, speed=1.0),
        replace(CALL, speed="1.0"),  # type: ignore[arg-type]
        replace(CALL, emotion=("a", "b")),
        replace(CALL, emotion=("a,b",)),
        replace(CALL, emotion=("b", "a")),
        replace(CALL, transcript="Hello. "),
        replace(CALL, transcript="He\u0301llo."),
        replace(CALL, transcript="H\u00e9llo."),
        replace(CALL, transcript="\ud800"),
        replace(CALL, transcript="\\ud800"),
    ]
    assert len({call.key for call in variants}) == len(variants)


@pytest.mark.parametrize(
    "change",
    [
        {"format": AudioFormat("mp3", 24000, bit_rate_bps=128000)},
        {"format": AudioFormat("mp3", 24000, bit_rate_bps=32000)},
        {"format": AudioFormat("raw", 24000, "pcm_s16le")},
        {"format": AudioFormat("wav", 24000, "pcm_mulaw")},
        {"format": AudioFormat("raw", 24000, "pcm_alaw")},
        {"file_name": "audio/b.wav"},
        {"id": "b"},
        {"number": 7},
        {"carried": {"chapter": 3}},
    ],
    ids=lambda change: json.dumps(change, default=str),
)
def test_output_settings_do_not_change_the_keys(change: dict[str, Any]) -> None:
    """Another container, bit rate, file name, id or column needs no new call."""
    assert keys(plan(row(**change))) == keys(plan())


@pytest.mark.parametrize(
    "change",
    [{"format": AudioFormat("mp3", 44100, bit_rate_bps=128000)}, {"format": AudioFormat("wav", 24000, "pcm_f32le")},
     {"voice_id": "w"}, {"model": "sonic-3"}, {"language": "fr"}, {"speed": "fast"}, {"emotion": ("calm",)}],
    ids=lambda change: json.dumps(change, default=str),
)  # fmt: skip
def test_audible_settings_change_the_keys(change: dict[str, Any]) -> None:
    """Another sample rate, encoding, voice, model, language or prosody needs a new call."""
    assert set(keys(plan(row(**change)))).isdisjoint(keys(plan()))


def test_service_is_part_of_the_key() -> None:
    """An answer of one service is not used for another."""
    assert keys(plan(service="embedded/1")) != keys(plan(service="embedded/2"))


@pytest.mark.parametrize(
    ("encoding", "requested"),
    [("pcm_f32le", "pcm_f32le"), ("pcm_s16le", "pcm_s16le"), ("pcm_mulaw", "pcm_s16le"), (None, "pcm_s16le")],
)
def test_lossless_encoding_is_requested(encoding: Any, requested: str) -> None:
    """Companded and compressed files are encoded locally from lossless samples."""
    assert request_encoding(encoding) == requested


def test_call_has_all_parameters_of_the_row() -> None:
    """Every parameter of a row is in its call."""
    encoding = row(speed=0.8, emotion=("calm",), language="de", model="sonic-3")
    call = plan(encoding).pieces[0].call
    assert call == Tts("s", "sonic-3", encoding.speech.text, "v", "de", 24000, "pcm_s16le", 0.8, ("calm",))


def test_chapter_becomes_calls_with_pauses() -> None:
    """A heading, a sentence, a row of asterisks and a paragraph are each followed by a different pause."""
    pieces = plan(row(BOOK), max_characters_per_call=300).pieces
    spoken = [transcript_of(piece.call) for piece in pieces]
    assert spoken[0] == "Chapter One"
    assert spoken[-1] == "It was light."
    settings = (LONG_TEXT.section_pause_s, LONG_TEXT.sentence_pause_s, LONG_TEXT.paragraph_pause_s)
    section_s, sentence_s, paragraph_s = settings
    assert [piece.pause_s for piece in pieces] == [section_s, sentence_s, sentence_s, section_s, paragraph_s]


def test_leading_punctuation_makes_no_call() -> None:
    """Leading characters that cannot be spoken are skipped."""
    assert [transcript_of(piece.call) for piece in plan(row("***\n\nAfter the stars.")).pieces] == ["After the stars."]


def test_a_break_between_two_calls_is_the_pause_between_them() -> None:
    """The silence at the edges of answers is trimmed when they are joined, so the pause is added there."""
    sentences = "The harbour lay quite still and nobody came to the pier. " * 8
    for tag, pause_s in (('<break time="3s"/>', 3.0), ('<break time="1s"/> <break time="900ms"/>', 1.9)):
        assert [piece.pause_s for piece in plan(row(f"{sentences}{tag} {sentences}")).pieces][:1] == [pause_s]
    assert plan(row('Hi.<break time="99999s"/>\n\nHo.')).pieces[0].pause_s == LONGEST_PAUSE_S


def test_a_break_between_two_speakers_is_the_pause_between_them() -> None:
    """It is on a line without a speaker, and there is nothing to speak in that line."""
    parts = [SpeakerPart(text, name, name or "v", None, ()) for text, name in
             (("Hi.\n", "a"), ('<break time="2s"/>\n', ""), ("Ho.", "b"))]  # fmt: skip
    pieces = plan(row("".join(part.text for part in parts), parts=tuple(parts))).pieces
    assert [piece.pause_s for piece in pieces][:1] == [2.0]


def test_pauses_are_configurable() -> None:
    """Each kind of pause can be set, and changing one needs no new call."""
    quick = plan(row(BOOK), sentence_pause_s=0.0, paragraph_pause_s=0.1, section_pause_s=0.2)
    assert {piece.pause_s for piece in quick.pieces} <= {0.0, 0.1, 0.2}
    assert keys(quick) == keys(plan(row(BOOK)))


@pytest.mark.parametrize(
    "change",
    [{"text": "Another."}, {"voice_id": "w"}, {"file_name": "audio/b.wav"},
     {"format": AudioFormat("raw", 24000, "pcm_s16le")}, {"format": AudioFormat("wav", 24000, "pcm_alaw")},
     {"format": AudioFormat("mp3", 24000, bit_rate_bps=32000)}],
    ids=lambda change: json.dumps(change, default=str),
)  # fmt: skip
def test_fingerprint_changes_with_the_file(change: dict[str, Any]) -> None:
    """Every setting that affects a file's bytes or name changes its fingerprint."""
    assert plan(row(**change)).fingerprint != plan().fingerprint


def test_fingerprint_changes_with_the_pauses_in_the_file() -> None:
    """Pauses between parts change the fingerprint; the pause after the last part is not in the file and does not."""
    assert plan(row(BOOK), sentence_pause_s=0.3).fingerprint != plan(row(BOOK)).fingerprint
    assert plan(row("One."), sentence_pause_s=0.3).fingerprint == plan(row("One.")).fingerprint


@pytest.mark.parametrize("change", [{"id": "b"}, {"number": 9}, {"carried": {"note": "x"}}], ids=str)
def test_fingerprint_does_not_change_with_other_columns(change: dict[str, Any]) -> None:
    """Moving a row, changing its id or its carried columns does not change its fingerprint."""
    assert plan(row(**change)).fingerprint == plan().fingerprint


def test_embedded_engine_is_free() -> None:
    """Speech costs about one credit per character, and none with the embedded engine."""
    assert (CALL.credits, CALL.list_price_credits) == (6.0, 6.0)
    embedded = replace(CALL, service="embedded/1")
    assert (embedded.credits, embedded.list_price_credits) == (0.0, 6.0)
    assert plan(row(), "embedded/1").pieces[0].call.credits == 0.0
    assert row().output.format == WAV
