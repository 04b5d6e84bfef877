"""`/voice-changer`: conversion to another voice keeps words, intonation and timing."""

import base64
import io
import json
from typing import Any

import httpx
import numpy as np
import pytest

from benchmarks.recognizer import word_error_rate
from tests.engine.measures import floats
from tests.engine.requests import FLOAT, recognized, speech
from tests.engine.wav_files import wav_of
from voicemill.audio.decode import decode_all
from voicemill.engine.voice_analysis.measures import f0_contour, measure
from voicemill.engine.voice_analysis.world import converted
from voicemill.engine.voices.catalogue import built_in_voices

VOICES = {voice.name: voice for voice in built_in_voices()}
RAW = {"output_format[container]": "raw", "output_format[sample_rate]": "24000", "output_format[encoding]": "pcm_f32le"}
TEXT = "The president said that the government would support it."
SHORT = "Nine men were walking."


async def source(api: httpx.AsyncClient, text: str = TEXT) -> bytes:
    """A clip of James."""
    return await speech(api, text, voice=VOICES["James"].id)


async def changed(api: httpx.AsyncClient, clip: bytes, voice: str, path: str = "bytes", **more: Any) -> httpx.Response:
    """A clip in another voice."""
    form = {"voice[id]": VOICES[voice].id} | RAW | more.pop("form", {})
    response = await api.post(f"/voice-changer/{path}", files={"clip": ("blob", clip)}, data=form, **more)
    assert response.status_code == 200, response.text
    return response


@pytest.mark.parametrize("target", ["Sarah", "Grace", "Hugo"])
async def test_conversion_has_the_pitch_of_the_voice_and_the_intonation_of_the_clip(
    api: httpx.AsyncClient, target: str
) -> None:
    """The median pitch is within 3 % of the voice's; its contour correlates with the clip's (r > 0.95)."""
    clip = await source(api)
    before = decode_all(io.BytesIO(clip), 24000)
    after = floats((await changed(api, clip, target)).content)
    assert after.size == before.size
    assert measure(after).f0_hz == pytest.approx(VOICES[target].timbre.f0_hz, rel=0.03)
    old, new = f0_contour(before), f0_contour(after)
    both = (old > 0) & (new > 0)
    ratio = np.log2(new[both] / old[both])
    steady = np.abs(ratio - np.median(ratio)) < 0.25
    assert steady.mean() > 0.9
    assert np.corrcoef(np.log(old[both][steady]), np.log(new[both][steady]))[0, 1] > 0.95


async def test_conversion_keeps_words_level_and_timing(api: httpx.AsyncClient) -> None:
    """The words are recognized, and loudness and its contour are those of the clip."""
    clip = await source(api, SHORT)
    before = decode_all(io.BytesIO(clip), 24000)
    after = floats((await changed(api, clip, "Robin")).content)
    status, answer = await recognized(api, wav_of(after, 24000))
    assert status == 200
    assert isinstance(answer, dict)
    assert word_error_rate([SHORT], [answer["text"]]) <= 0.45
    assert measure(after).level_db == pytest.approx(measure(before).level_db, abs=1.0)
    old, new = (np.square(x[: x.size // 480 * 480]).reshape(-1, 480).mean(axis=1) for x in (before, after))
    assert np.corrcoef(np.log(old + 1e-6), np.log(new + 1e-6))[0, 1] > 0.9


async def test_the_same_clip_gets_the_same_bytes(api: httpx.AsyncClient) -> None:
    """Two requests with one clip give one file."""
    clip = await source(api, SHORT)
    assert (await changed(api, clip, "Sarah")).content == (await changed(api, clip, "Sarah")).content


async def test_blocks_join_without_a_click(api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks join to the length of the clip, and no slope is 1.5 times as steep as those of a single block."""
    clip = decode_all(io.BytesIO(await source(api)), 24000)
    pitch = f0_contour(clip)
    (single,) = converted(clip, pitch, pitch * 1.8, 1.1)
    monkeypatch.setattr("voicemill.engine.voice_analysis.blocks._LONGEST_FRAMES", 200)  # 1 s instead of 20 s
    blocks = [*converted(clip, pitch, pitch * 1.8, 1.1)]
    after = np.concatenate(blocks)
    assert len(blocks) > 3
    assert after.size == clip.size
    assert np.abs(np.diff(after)).max() < 1.5 * np.abs(np.diff(single)).max()


@pytest.mark.parametrize(
    ("container", "more"),
    [("wav", {"encoding": "pcm_s16le"}), ("mp3", {"bit_rate": "64000"}), ("raw", {"encoding": "pcm_mulaw"})],
)
@pytest.mark.parametrize("fern", [True, False])
async def test_events_join_to_the_bytes_of_the_file(
    api: httpx.AsyncClient, container: str, more: dict[str, str], fern: bool
) -> None:
    """In any container, as server-sent events or, for the 2.x SDKs, lines of JSON; `done` has status 200."""
    clip = await source(api, SHORT)
    fields = {"container": container, "sample_rate": "22050"} | more
    form = {f"output_format[{name}]": value for name, value in fields.items()}
    form = {name: "" for name in RAW if name not in form} | form
    whole = await changed(api, clip, "Sarah", form=form)
    headers = {"X-Fern-Language": "JavaScript"} if fern else {}
    streamed = await changed(api, clip, "Sarah", "sse", form=form, headers=headers)
    kind = "application/x-ndjson" if fern else "text/event-stream"
    assert streamed.headers["content-type"].startswith(kind)
    lines = [line.removeprefix("" if fern else "data: ") for line in streamed.text.splitlines() if line]
    events = [json.loads(line) for line in lines]
    assert b"".join(base64.b64decode(event["data"]) for event in events[:-1]) == whole.content
    assert events[-1] == {"type": "done", "status_code": 200, "done": True}
    assert all(
        event.keys() == {"type", "status_code", "done", "data", "sample_rate", "step_time"} for event in events[:-1]
    )
    assert {event["sample_rate"] for event in events[:-1]} == {22050}


@pytest.mark.parametrize(
    ("clip", "form", "message"),
    [
        (b"no audio", {}, "clip: the file is not audio"),
        (wav_of(np.zeros(24000)), {}, "clip: it has no speech"),
        (wav_of(np.zeros(24000)), {"voice[id]": "nobody"}, "There is no voice 'nobody'"),
        (wav_of(np.zeros(24000)), {"output_format[sample_rate]": "1"}, "output_format.sample_rate is 1"),
        (wav_of(np.zeros(24000)), {"output_format[container]": ""}, "output_format: container: Field required"),
        (None, {}, "clip: Field required"),
    ],
)
async def test_invalid_form_is_a_400(
    api: httpx.AsyncClient, clip: bytes | None, form: dict[str, str], message: str
) -> None:
    """A 400 that names the field."""
    files = {"clip": ("blob", clip)} if clip is not None else {"other": ("blob", b"")}
    for path in ("bytes", "sse"):
        data = {"voice[id]": VOICES["Sarah"].id} | RAW | form
        response = await api.post(f"/voice-changer/{path}", files=files, data=data)
        assert response.status_code == 400
        assert message in response.text


def test_raw_format_equals_the_one_of_other_tests() -> None:
    """Both have the same rate and encoding."""
    assert list(RAW.values()) == [str(value) for value in FLOAT.values()]
