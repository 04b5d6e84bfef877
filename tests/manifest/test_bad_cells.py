"""Cells that cannot be used: ids, texts, text files and parameters."""

import os
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

from tests.manifest.bad_manifests import Bad, assert_refused, each, one_row, parquet
from tests.manifest.read_manifest import TWINS, refused, written


def a_text_file(content: bytes, cell: str = "a.txt") -> Callable[[Path], Path]:
    """A manifest that names a text file with this content."""

    def make(folder: Path) -> Path:
        (folder / "a.txt").write_bytes(content)
        return written(folder, f"id,text_file\nx,{cell}\n")

    return make


def a_link_out(folder: Path) -> Path:
    """A text file that is a link out of the manifest's folder."""
    inner = folder / "inner"
    inner.mkdir()
    (folder / "secret.txt").write_text("Secret")
    (inner / "a.txt").symlink_to(folder / "secret.txt")
    return written(inner, "id,text_file\nx,a.txt\n")


def a_pipe_as_text(folder: Path) -> Path:
    """A text file that is a pipe, which would block a plain read forever."""
    os.mkfifo(folder / "a.txt")
    return written(folder, "id,text_file\nx,a.txt\n")


IDS = [
    Bad("missing id", "id,transcript\n,Hello\n", 1, "id", "missing; give each row a unique id"),
    Bad("same id twice", "id,transcript\na,Hello\nb,Hi\na,Ho\n", 3, "id", "row 1 has the id 'a' too; give one of them"),
    Bad("same id, typed", parquet(id=[7, 7], text=["a", "b"]), 2, "id", "row 1 has the id '7' too"),
    Bad("fraction id", parquet(id=[1.0], text=["a"]), 1, "id", "1.0, a number with decimals.*write it as text"),
    Bad("fraction id in JSON", one_row(id=1e5), 1, "id", "number with decimals.*write it as text", "m.jsonl"),
    Bad("decimal fraction id", parquet(id=[Decimal("1.5")], text=["a"]), 1, "id", "number with decimals"),
    Bad("boolean id", one_row(id=True), 1, "id", "true, not text; write it in quotes", "m.jsonl"),
    Bad("list id", one_row(id=["a"]), 1, "id", "a list, not text; write plain text", "m.jsonl"),
    Bad("binary id", parquet(id=[b"\xff\xfe"], text=["a"]), 1, "id", "binary data.*UTF-8"),
    Bad("control character in id", one_row(id="a\x07"), 1, "id", r"control character \(U\+0007\).*remove", "m.jsonl"),
    Bad("line end in id", one_row(id="a\nb"), 1, "id", "line end in the id; remove it", "m.jsonl"),
    Bad(
        "half a character in id", '{"id": "\\ud800", "text": "Hi"}', 1, "id", "incomplete character.*remove", "m.jsonl"
    ),
    Bad("endless id", one_row(id="a" * 10_001), 1, "id", "10,001 characters.*shorten", "m.jsonl"),
]
TEXTS = [
    Bad("empty text", "id,transcript\na,\nb,Hi\n", 1, "transcript", "the text is empty; write a text or remove"),
    Bad("blank text", "id,text\na,  \n", 1, "text", "the text is empty"),
    Bad("a recording and no text", "id,audio\na,a.wav\n", 1, "audio", "no text to speak; add --op stt"),
    Bad("punctuation", "id,transcript\na,… – ?!_\n", 1, "transcript", "no letter and no digit.*remove the row"),
    Bad("emoji", "id,transcript\na,🎉🎉\n", 1, "transcript", "no letter and no digit"),
    Bad(
        "error value",
        "id,transcript\na,#REF!\n",
        1,
        "transcript",
        "'#REF!' is an error value of a spreadsheet; correct",
    ),
    Bad("German error value", "id,text\na, #NV \n", 1, "text", "'#NV' is an error value of a spreadsheet"),
    Bad("control character", "id,transcript\na,Hi\x07\n", 1, "transcript", r"U\+0007\) at character 3; remove it"),
    Bad("half a character", '{"id": "a", "text": "Hi \\udc00"}', 1, "text", "incomplete character", "m.jsonl"),
    Bad(
        "10 MB text", "id,transcript\na," + "word " * 2_000_000, 1, "transcript", "10,000,000 characters.*split it over"
    ),
    Bad(
        "10 MB carried",
        "id,transcript,note\na,Hi," + "x" * 10_000_000,
        1,
        "note",
        "10,000,000 characters, but the limit",
    ),
    Bad("17 MB cell", 'id,transcript\na,"' + f"{'word ' * 50}\n" * 70_000 + '"\n', 1, "", "longer than.*never closed"),
    Bad(
        "number as text", one_row(transcript=1.5), 1, "transcript", "number with decimals.*write it as text", "m.jsonl"
    ),
    Bad("nested text", one_row(transcript={"en": "Hi"}), 1, "transcript", "nested, not text; write plain", "m.jsonl"),
    Bad("nested Parquet text", parquet(id=["a"], transcript=[["Hi", "Ho"]]), 1, "transcript", "a list, not text"),
    Bad("both texts", "id,transcript,text_file\na,Hi,a.txt\n", 1, "text_file", "both.*leave one of them empty"),
    Bad("neither text", "id,transcript,text_file\na,,\n", 1, "transcript", "empty; fill in transcript or text_file"),
    Bad("text file missing", "id,text_file\na,none.txt\n", 1, "text_file", "does not exist.*manifest's folder"),
    Bad("text file above", a_text_file(b"Hi", "../a.txt"), 1, "text_file", "outside the manifest's folder; move"),
    Bad("text file absolute", a_text_file(b"Hi", "/etc/hostname"), 1, "text_file", "outside the manifest's folder"),
    Bad("text file a link out", a_link_out, 1, "text_file", "outside the manifest's folder; move"),
    Bad("text file a folder", a_text_file(b"Hi", "."), 1, "text_file", "is not a file|cannot be read"),
    Bad("text file a pipe", a_pipe_as_text, 1, "text_file", "is not a file but.*give a text file"),
    Bad("text file Latin-1", a_text_file("Grüße".encode("latin-1")), 1, "text_file", "not UTF-8 at byte 3; save it"),
    Bad("text file in RTF", a_text_file(rb"{\rtf1\ansi Hi\par}"), 1, "text_file", "this is an RTF document; save it"),
    Bad("text file empty", a_text_file(b""), 1, "text_file", "no letter and no digit|is empty"),
    Bad("text file too long", a_text_file(b"word " * 500_000), 1, "text_file", "2,500,000 characters.*split"),
    Bad("text file far too long", a_text_file(b"word " * 2_000_000), 1, "text_file", "longer than 2,000,000.*split"),
    Bad("text file with NUL", a_text_file(b"Hi\0"), 1, "text_file", "NUL byte at character 3; remove it"),
]
PARAMETERS = [
    Bad(
        "unknown op",
        one_row(op="sing"),
        1,
        "op",
        "'sing' is not an operation; use one of tts, stt, voice_change, infill",
        "m.jsonl",
    ),
    Bad("no recording", one_row(op="stt"), 1, "audio", "stt needs the name of an audio file here", "m.jsonl"),
    Bad("no recording to change", one_row(op="voice_change"), 1, "audio", "needs the name of an audio", "m.jsonl"),
    Bad("nothing to fill", one_row(op="infill"), 1, "audio", "audio with from_s and to_s, or left_audio", "m.jsonl"),
    Bad("unknown voice", one_row(voice="Ana"), 1, "voice", "no voice 'Ana'; did you mean 'Anna'", "m.jsonl"),
    Bad(
        "strange voice", one_row(voice="Zzyx"), 1, "voice", "'voicemill voices list' prints, such as 'Anna'", "m.jsonl"
    ),
    Bad(
        "two voices of a name",
        one_row(voice="GEMINI"),
        1,
        "voice",
        f"write the id.*{TWINS[0].id}.*{TWINS[1].id}",
        "m.jsonl",
    ),
    Bad(
        "no voice for the language",
        one_row(language="bg"),
        1,
        "voice",
        "none for the language 'bg'; name a voice",
        "m.jsonl",
    ),
    Bad("unknown language", one_row(language="xx"), 1, "language", "'xx' is not a language.*use one of en", "m.jsonl"),
    Bad("language with region", one_row(language="en-US"), 1, "language", "'en-US'.*write en$", "m.jsonl"),
    Bad("language by name", one_row(language="German"), 1, "language", "write de$", "m.jsonl"),
    Bad("unknown container", one_row(container="flac"), 1, "container", "use wav, raw or mp3", "m.jsonl"),
    Bad(
        "sample rate 44.1k",
        one_row(sample_rate="44.1k"),
        1,
        "sample_rate",
        "not a whole number; write 44100",
        "m.jsonl",
    ),
    Bad("sample rate 44,100", one_row(sample_rate="44,100 Hz"), 1, "sample_rate", "write 44100", "m.jsonl"),
    Bad("sample rate 16", one_row(sample_rate="16"), 1, "sample_rate", "write 16000", "m.jsonl"),
    Bad("sample rate 11025", one_row(sample_rate=11025), 1, "sample_rate", "use 8000, 16000, 22050", "m.jsonl"),
    Bad(
        "sample rate in words", one_row(sample_rate="high"), 1, "sample_rate", "not a whole number; use 8000", "m.jsonl"
    ),
    Bad("sample rate in other digits", one_row(sample_rate="８０００"), 1, "sample_rate", "use 8000", "m.jsonl"),
    Bad("boolean sample rate", one_row(sample_rate=True), 1, "sample_rate", "true, not text", "m.jsonl"),
    Bad("unknown encoding", one_row(encoding="pcm16"), 1, "encoding", "use pcm_f32le, pcm_s16le", "m.jsonl"),
    Bad(
        "encoding with mp3", one_row(container="mp3", encoding="pcm_s16le"), 1, "encoding", "leave this cell", "m.jsonl"
    ),
    Bad("bit rate with wav", one_row(bit_rate=128000), 1, "bit_rate", "wav files have no bit_rate; leave", "m.jsonl"),
    Bad("bit rate 128k", one_row(container="mp3", bit_rate="128 kbps"), 1, "bit_rate", "write 128000", "m.jsonl"),
    Bad("bit rate 1", one_row(container="mp3", bit_rate=1), 1, "bit_rate", "use 32000, 64000", "m.jsonl"),
    Bad("speed in words", one_row(speed="slowest"), 1, "speed", "not a speed; use slow, normal or fast", "m.jsonl"),
    Bad(
        "factor on an older model",
        one_row(speed=1.2),
        1,
        "speed",
        "does not support the factor.*use slow, normal or fast",
        "m.jsonl",
    ),
    Bad("factor too high", one_row(speed=3, model="sonic-3"), 1, "speed", "out of range; use 0.6", "m.jsonl"),
    Bad("factor in percent", one_row(speed="110%", model="sonic-3"), 1, "speed", "write 1.1", "m.jsonl"),
    Bad("factor with a comma", one_row(speed="1,1", model="sonic-3"), 1, "speed", "write 1.1", "m.jsonl"),
    Bad(
        "infinite factor", one_row(speed="inf", model="sonic-3"), 1, "speed", "use slow, normal or fast, or", "m.jsonl"
    ),
    Bad("unknown older emotion", one_row(emotion="joy"), 1, "emotion", "'joy' is not an emotion.*use anger", "m.jsonl"),
    Bad("unknown level", one_row(emotion="anger:medium"), 1, "emotion", "'medium' is not a level.*lowest", "m.jsonl"),
    Bad("emotion of two lines", one_row(emotion="a\nb", model="sonic-3"), 1, "emotion", "use one word", "m.jsonl"),
    Bad("a book as a voice", one_row(voice="Anna " * 5000), 1, "voice", "25,000 characters.*shorten it", "m.jsonl"),
    Bad("long language", one_row(language="x" * 999), 1, "language", "not a language of the.*use one", "m.jsonl"),
    Bad("bad byte in a voice", b"id,transcript,voice\na,Hi,\xe9\n", 1, "voice", "not UTF-8.*save"),
]


@each(IDS)
def test_a_row_without_a_usable_id_is_refused(bad: Bad, tmp_path: Path) -> None:
    """An id is text, present and unique."""
    assert_refused(bad, tmp_path)


@each(TEXTS)
def test_a_row_without_a_speakable_text_is_refused(bad: Bad, tmp_path: Path) -> None:
    """A row needs one readable text with a letter or digit."""
    assert_refused(bad, tmp_path)


@each(PARAMETERS)
def test_a_parameter_that_the_service_would_refuse_is_refused(bad: Bad, tmp_path: Path) -> None:
    """The message names the value to write instead."""
    assert_refused(bad, tmp_path)


def test_all_problems_are_found_at_once(tmp_path: Path) -> None:
    """A manifest with many problems is read to its end, and each row and column is named in order."""
    path = written(
        tmp_path,
        "id,transcript,voice,sample_rate,bit_rate\n,!,Nobody,1,2\nb,Hi,Anna,44.1k,\nc\nd,Hi,Anna,,\nb,Hi,Anna,,\n",
    )
    error = refused(path)
    places = [(problem.row, problem.column) for problem in error.problems]
    first_row = [(1, column) for column in ("bit_rate", "id", "sample_rate", "transcript", "voice")]
    assert places == [*first_row, (2, "sample_rate"), (3, "transcript"), (5, "id")]
    assert error.count == 8


def test_a_problem_of_the_settings_is_reported_once(tmp_path: Path) -> None:
    """A wrong default is a problem of the settings, not of each row that relies on it."""
    path = written(tmp_path, "id,transcript,voice\n" + "".join(f"{i},Hi,\n" for i in range(50)) + "x,Hi,Anna\n")
    error = refused(path, voice="Nobody")
    assert [(problem.row, problem.column) for problem in error.problems] == [(0, "voice")]
    assert "the profile or an option" in error.problems[0].why


def test_many_repeats_are_counted_once(tmp_path: Path) -> None:
    """A repeated id, which repeats its file too, is one problem, even beyond the problems that are kept."""
    path = written(tmp_path, "id,transcript\n" + "".join(f"{number // 2},Hi\n" for number in range(20_200)))
    error = refused(path)
    assert len(error.problems) == 10_000
    assert error.count == 10_100


def test_many_problems_are_counted_and_ten_thousand_kept(tmp_path: Path) -> None:
    """However bad a manifest is, the size of the error is limited."""
    path = written(tmp_path, "id,transcript\n" + "a,?\n" * 10_100)
    error = refused(path)
    assert len(error.problems) == 10_000
    assert error.count == 10_100 + 10_099
    assert len(str(error).splitlines()) == 101
