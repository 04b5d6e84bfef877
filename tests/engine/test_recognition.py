"""`/stt`: containers, long recordings, word timestamps and errors."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
import pytest
from av.audio.frame import AudioFrame

from benchmarks.recognizer import word_error_rate
from tests.engine.requests import SENTENCE, client, recognized, speech
from tests.engine.wav_files import wav_of
from voicemill.audio.decode import decode_all, decode_headerless
from voicemill.engine.app import create_app
from voicemill.engine.settings import EngineSettings
from voicemill.errors import ConfigError

RECORDED = {"LJ001-0008.flac", "sense-0880.wav"}
RECORDINGS = Path(__file__).parents[3] / "shared" / "speech"
MP3 = {"container": "mp3", "sample_rate": 44100, "bit_rate": 128000}
TEXT = "In April."
FAST = 1.5
"""The speed of the test speech: recognition takes about as long as the recording."""
DURATION_S = 0.54
CONTAINERS = {
    "flac": ("flac", "flac", 16000),
    "m4a": ("ipod", "aac", 16000),
    "mp3": ("mp3", "libmp3lame", 16000),
    "mp4": ("mp4", "aac", 44100),
    "mpeg": ("mpeg", "mp2", 44100),
    "mpga": ("mp2", "mp2", 44100),
    "oga": ("ogg", "flac", 16000),
    "ogg": ("ogg", "libopus", 48000),
    "wav": ("wav", "pcm_s24le", 16000),
    "webm": ("webm", "libopus", 48000),
}


def contained(wav: bytes, muxer: str, codec: str, rate: int) -> bytes:
    """Encode speech in another container."""
    samples = decode_all(io.BytesIO(wav), rate)
    file = io.BytesIO()
    with av.open(file, "w", format=muxer) as container:
        stream: Any = container.add_stream(codec, rate=rate, layout="mono")
        frame = AudioFrame.from_ndarray(samples[None, :], "flt", "mono")
        frame.sample_rate, frame.pts = rate, 0
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    return file.getvalue()


@pytest.fixture(scope="module")
def spoken() -> dict[str, bytes]:
    """Speech by text, so that each text is synthesized once."""
    return {}


async def said(api: httpx.AsyncClient, spoken: dict[str, bytes], text: str = TEXT) -> bytes:
    """A WAV of a text, spoken fast."""
    if text not in spoken:
        spoken[text] = await speech(api, text, generation_config={"speed": FAST})
    return spoken[text]


@pytest.mark.parametrize("name", CONTAINERS)
async def test_every_container_is_transcribed(api: httpx.AsyncClient, spoken: dict[str, bytes], name: str) -> None:
    """The container is detected from the content; the upload has no telling name or type."""
    audio = contained(await said(api, spoken), *CONTAINERS[name])
    status, answer = await recognized(api, audio)
    assert status == 200, answer
    assert isinstance(answer, dict)
    assert word_error_rate([TEXT], [answer["text"]]) <= 0.35
    assert answer["duration"] == pytest.approx(DURATION_S, abs=0.15)
    assert (answer["language"], answer["type"]) == ("en", "transcript")
    assert "words" not in answer


ENCODED = {
    "pcm_s16le": lambda x: (x * 32767).astype("<i2"),
    "pcm_s32le": lambda x: (x * 2147483647.0).astype("<i4"),
    "pcm_f16le": lambda x: x.astype("<f2"),
    "pcm_f32le": lambda x: x.astype("<f4"),
}


@pytest.mark.parametrize("encoding", [*ENCODED, "pcm_mulaw", "pcm_alaw"])
async def test_headerless_samples_are_transcribed(
    api: httpx.AsyncClient, spoken: dict[str, bytes], encoding: str, tmp_path: Path
) -> None:
    """With `encoding` and `sample_rate` in the query, samples decode and transcribe like the WAV."""
    if encoding in ENCODED:
        audio = ENCODED[encoding](decode_all(io.BytesIO(await said(api, spoken)), 16000)).tobytes()
    else:
        raw = {"container": "raw", "sample_rate": 16000, "encoding": encoding}
        audio = await speech(api, TEXT, output_format=raw, generation_config={"speed": FAST})
    (tmp_path / "samples").write_bytes(audio)
    read = np.concatenate(list(decode_headerless(tmp_path / "samples", encoding, 16000, 16000)))
    whole = decode_all(io.BytesIO(await said(api, spoken)), 16000)
    assert np.abs(read - whole).max() < 0.02
    status, answer = await recognized(api, audio, query=f"?encoding={encoding}&sample_rate=16000")
    assert status == 200, answer
    assert isinstance(answer, dict)
    assert word_error_rate([TEXT], [answer["text"]]) <= 0.35
    assert answer["duration"] == pytest.approx(DURATION_S, abs=0.15)


async def test_word_times_agree_with_the_synthesizer(api: httpx.AsyncClient) -> None:
    """The starts of correctly recognized words differ from the synthesizer's by at most 50 ms in the median."""
    raw = {"container": "raw", "sample_rate": 16000, "encoding": "pcm_f32le"}
    body = {"model_id": "sonic-2", "voice": "694f9389-aac1-45b6-b726-9d9369183238", "output_format": raw}
    response = await api.post("/tts/sse", json=body | {"transcript": SENTENCE, "add_timestamps": True})
    (stamp,) = [line for line in response.text.split("\n") if '"word_timestamps"' in line]
    stamps = json.loads(stamp.removeprefix("data: "))["word_timestamps"]
    audio = await speech(api, SENTENCE, output_format=raw)
    query = "?encoding=pcm_f32le&sample_rate=16000"
    status, answer = await recognized(api, audio, query=query, **{"timestamp_granularities[]": "word"})
    assert status == 200
    assert isinstance(answer, dict)
    starts = {word["word"]: word["start"] for word in answer["words"]}
    assert all(word["start"] < word["end"] <= answer["duration"] + 0.1 for word in answer["words"])
    known = dict(zip((word.lower() for word in stamps["words"]), stamps["start"], strict=True))
    errors = [abs(start - known[word]) for word, start in starts.items() if word in known]
    assert len(errors) >= 8
    assert np.median(errors) <= 0.05


async def test_long_recording_is_split_at_its_pauses(api: httpx.AsyncClient, spoken: dict[str, bytes]) -> None:
    """A minute with long silences between short sentences is transcribed to the end, with times in order."""
    pause = np.zeros(16000 * 20, np.float32)
    sentences = (TEXT, "The people.", TEXT)
    clips = [decode_all(io.BytesIO(await said(api, spoken, sentence)), 16000) for sentence in sentences]
    whole = np.concatenate([block for clip in clips for block in (clip, pause)])
    status, answer = await recognized(api, wav_of(whole), **{"timestamp_granularities[]": "word"})
    assert status == 200, answer
    assert isinstance(answer, dict)
    assert answer["duration"] == pytest.approx(whole.size / 16000, abs=0.1)
    assert answer["duration"] > 60
    assert word_error_rate([" ".join(sentences)], [answer["text"]]) <= 0.35
    starts = [word["start"] for word in answer["words"]]
    assert starts == sorted(starts)
    assert starts[-1] > (whole.size - clips[-1].size - pause.size) / 16000 - 0.5


@pytest.mark.skipif(not RECORDINGS.is_dir(), reason="the human recordings are not beside this repository")
async def test_recordings_of_people_are_transcribed(api: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]) -> None:
    """Recordings of two speakers: at most 40 % of words wrong."""
    with (RECORDINGS / "transcripts.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["file_name"] in RECORDED]
    answers = [await recognized(api, (RECORDINGS / row["file_name"]).read_bytes()) for row in rows]
    texts = [answer["text"] for _, answer in answers if isinstance(answer, dict)]
    rate = word_error_rate([row["transcript"] for row in rows], texts)
    with capsys.disabled():
        print(f"\nengine: word error rate on human recordings {rate:.1%}")  # noqa: T201 - a figure of the run
    assert rate <= 0.4


@pytest.mark.parametrize("samples", [np.zeros(32000), np.full(32000, 0.2), np.zeros(10)])
async def test_silence_gives_an_empty_text(api: httpx.AsyncClient, samples: Any) -> None:
    """Silence, a constant offset and ten samples are not an error."""
    status, answer = await recognized(api, wav_of(samples))
    assert status == 200, answer
    assert isinstance(answer, dict)
    assert answer["text"] == ""
    assert answer["duration"] == pytest.approx(samples.size / 16000, abs=0.001)


PLAYLIST = b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/hostname\n#EXT-X-ENDLIST\n"
BAD_FILES = {
    "empty": b"",
    "text": b"this is no audio at all, just words",
    "png": b"\x89PNG\r\n\x1a\n" + bytes(200),
    "playlist": PLAYLIST,
    "concat": b"ffconcat version 1.0\nfile /etc/passwd\n",
    "header only": wav_of(np.zeros(0)),
    "cut header": b"RIFF\xff\xff\xff\xffWAVEfmt ",
    "huge claim": b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\1\0\1\0\x80>\0\0\0}\0\0\2\0\x10\0data\xff\xff\xff\xff",
}


@pytest.mark.parametrize("name", BAD_FILES)
async def test_invalid_audio_is_a_400_that_names_the_containers(api: httpx.AsyncClient, name: str) -> None:
    """No upload makes the engine fail or read another file."""
    status, answer = await recognized(api, BAD_FILES[name])
    assert status == 400
    assert "file: " in str(answer)
    assert "Send flac, m4a, mp3" in str(answer)


@pytest.mark.parametrize(
    ("query", "fields", "message"),
    [
        ("", {"model": "whisper-9"}, "model is 'whisper-9', but must be ink-whisper"),
        ("", {"language": "de"}, "set VOICEMILL_WHISPER_MODEL"),
        ("?encoding=pcm_s24le&sample_rate=16000", {}, "encoding is 'pcm_s24le'"),
        ("?encoding=pcm_s16le", {}, "sample_rate is None"),
        ("?encoding=pcm_s16le&sample_rate=-1", {}, "sample_rate is '-1'"),
        ("?encoding=pcm_s16le&sample_rate=1", {}, "sample_rate is 1, but must be from 4000"),
        ("?encoding=pcm_s16le&sample_rate=99999999999999999999", {}, "but must be from 4000"),
    ],
)
async def test_invalid_request_is_a_400_that_names_the_field(
    api: httpx.AsyncClient, query: str, fields: dict[str, Any], message: str
) -> None:
    """The message names the field and its choices."""
    status, answer = await recognized(api, wav_of(np.zeros(160)), query=query, **fields)
    assert status == 400
    assert message in str(answer)


BOUNDED = "multipart/form-data; boundary=b"
END = b"--b--\r\n"


def part(name: str, content: bytes) -> bytes:
    """One field of a form."""
    return f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + content + b"\r\n"


@pytest.mark.parametrize(
    ("kind", "body", "message"),
    [
        (None, b"", "Send a multipart form"),
        ("application/json", b"{}", "Send a multipart form"),
        ("multipart/form-data", b"", "Send a multipart form"),
        (BOUNDED, b"junk", "not a valid multipart form"),
        (BOUNDED, part("m", b"")[:-4], "ends before its closing boundary"),
        (BOUNDED, part("model", b"ink-whisper") + END, "file: Field required"),
        (BOUNDED, part("f", b"x" * (2 << 20)) + END, "longer than"),
        (BOUNDED, part("f", b"x") * 200 + END, "more than 100 parts"),
    ],
)
async def test_bodies_that_are_no_form(api: httpx.AsyncClient, kind: str | None, body: bytes, message: str) -> None:
    """Broken uploads are refused."""
    response = await api.post("/stt", content=body, headers={"content-type": kind} if kind else {})
    assert response.status_code == 400
    assert message in response.text


async def test_uploads_are_bounded_and_leave_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the limit is a 413; hostile file names are never used; the folder of uploads is empty afterwards."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    app = create_app(EngineSettings(workers=1, max_upload_bytes=200_000))
    async with client(app) as api:
        big = await api.post("/stt", files={"file": b"x" * 300_000}, data={"model": "ink-whisper"})
        assert big.status_code == 413
        named = {"file": ("../../../../tmp/escaped.wav", wav_of(np.zeros(16000)))}
        assert (await api.post("/stt", files=named, data={"model": "ink-whisper"})).status_code == 200
    await app.state.engine.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("files", "message"),
    [(None, "which is not a folder"), ([], "there is no model.bin in it"), (["model.bin"], "no tokenizer.json in it")],
)
def test_incomplete_whisper_folder_is_refused_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: list[str] | None, message: str
) -> None:
    """Before the first request, instead of a download."""
    folder = tmp_path / "nowhere" if files is None else tmp_path
    for name in files or ():
        (folder / name).touch()
    monkeypatch.setenv("VOICEMILL_WHISPER_MODEL", str(folder))
    with pytest.raises(ConfigError, match=message):
        create_app()


async def test_broken_whisper_model_is_a_500_with_its_error(tmp_path: Path) -> None:
    """faster-whisper's own loading error reaches the user."""
    pytest.importorskip("faster_whisper")
    (tmp_path / "model.bin").write_bytes(b"no model")
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "tokenizer.json").write_text("{}")
    app = create_app(EngineSettings(workers=1, whisper_model=tmp_path))
    assert app.state.service.startswith("embedded/2+whisper.")
    async with client(app) as api:
        status, answer = await recognized(api, wav_of(np.full(16000, 0.1)), language="de")
    assert status == 500
    assert "cannot be loaded" in str(answer)
    await app.state.engine.close()


def test_word_error_rate_counts_words() -> None:
    """The measure itself: one of four words wrong is a quarter."""
    assert word_error_rate(["One, two three four."], ["one two tree four"]) == pytest.approx(0.25)
