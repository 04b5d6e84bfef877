"""`/infill/bytes`: new speech between two recordings."""

import io
from typing import Any

import httpx
import numpy as np
import pytest

from benchmarks.recognizer import word_error_rate
from benchmarks.sentences import PROSE
from tests.engine.measures import floats
from tests.engine.requests import SARAH, recognized, speech
from tests.engine.test_voice_changer import RAW, VOICES
from tests.engine.wav_files import wav_of
from voicemill.audio.decode import decode_all
from voicemill.engine.voice_analysis.measures import measure

TEXT = "she wanted to know more about the people"


async def side(api: httpx.AsyncClient, text: str, voice: str, volume: float = 1.0) -> bytes:
    """A recording that stops in the middle of a sound."""
    body = await speech(api, text, voice=VOICES[voice].id, generation_config={"volume": volume})
    samples = decode_all(io.BytesIO(body), 24000)
    return wav_of(samples[2000 : samples.size // 2 + 5000], 24000)


async def filled(api: httpx.AsyncClient, files: dict[str, bytes], **form: Any) -> Any:
    """The samples of an infill."""
    fields = {"model_id": "sonic-2", "language": "en", "transcript": TEXT, "voice_id": SARAH} | RAW | form
    sent = {name: ("blob", content) for name, content in files.items()}
    response = await api.post("/infill/bytes", files=sent, data=fields)
    assert response.status_code == 200, response.text
    return floats(response.content)


@pytest.mark.parametrize(
    ("voice", "sides"),
    [("James", ("left_audio", "right_audio")), ("Grace", ("left_audio",)), ("James", ("right_audio",))],
)
async def test_infill_has_the_pitch_and_loudness_of_its_surroundings(
    api: httpx.AsyncClient, voice: str, sides: tuple[str, ...]
) -> None:
    """The differences are below a semitone and 1.5 dB for any requested voice; either side may be missing."""
    files = {name: await side(api, text, voice, 0.6) for name, text in zip(sides, PROSE, strict=False)}
    samples = await filled(api, files)
    around = [measure(decode_all(io.BytesIO(content), 24000)) for content in files.values()]
    new = measure(samples)
    pitch_hz = np.exp(np.mean([np.log(one.f0_hz) for one in around]))
    assert abs(12 * np.log2(new.f0_hz / pitch_hz)) < 1.0
    assert new.level_db == pytest.approx(np.mean([one.level_db for one in around]), abs=1.5)


async def test_infill_joins_without_a_click(api: httpx.AsyncClient) -> None:
    """Its ends meet the samples on both sides, and no join is steeper than speech."""
    files = {"left_audio": await side(api, PROSE[0], "James"), "right_audio": await side(api, PROSE[1], "James")}
    left, right = (decode_all(io.BytesIO(content), 24000) for content in files.values())
    samples = await filled(api, files)
    assert samples[0] == pytest.approx(left[-1], abs=0.002)
    assert samples[-1] == pytest.approx(right[0], abs=0.002)
    whole = np.concatenate([left, samples, right])
    slopes = np.abs(np.diff(whole))
    for join in (left.size, left.size + samples.size):
        assert slopes[join - 300 : join + 300].max() <= np.quantile(np.abs(np.diff(left)), 0.999)


async def test_infill_has_the_requested_words(api: httpx.AsyncClient) -> None:
    """The recognizer finds the words of the transcript and not those of the surroundings."""
    files = {"left_audio": await side(api, PROSE[0], "James"), "right_audio": await side(api, PROSE[1], "James")}
    _, answer = await recognized(api, wav_of(await filled(api, files), 24000))
    assert isinstance(answer, dict)
    assert word_error_rate([TEXT], [answer["text"]]) <= 0.5


async def test_controls_change_an_infill(api: httpx.AsyncClient) -> None:
    """The slowest speech is longer than the fastest; forms send numbers as text."""
    files = {"left_audio": await side(api, PROSE[0], "James")}
    control = "voice[__experimental_controls]"
    slow = await filled(api, files, **{f"{control}[speed]": "slowest"})
    fast = await filled(api, files, **{f"{control}[speed]": "0.9", f"{control}[emotion][]": ["surprise:high"]})
    assert slow.size > 1.5 * fast.size


@pytest.mark.parametrize(
    ("files", "form", "message"),
    [
        ({"other": b"x"}, {}, "send left_audio, right_audio or both"),
        ({"left_audio": b"no audio"}, {}, "left_audio: the file is not audio"),
        ({"left_audio": b"x"}, {"transcript": "..."}, "transcript must not be empty"),
        ({"left_audio": b"x"}, {"model_id": "gpt"}, "Unknown model 'gpt'"),
        ({"left_audio": b"x"}, {"voice_id": "nobody"}, "There is no voice 'nobody'"),
        (
            {"left_audio": b"x"},
            {"voice[__experimental_controls][speed]": "warp"},
            "voice[__experimental_controls]: speed",
        ),
    ],
)
async def test_invalid_form_is_a_400(
    api: httpx.AsyncClient, files: dict[str, bytes], form: dict[str, str], message: str
) -> None:
    """A 400 that names the field."""
    fields = {"model_id": "sonic-2", "transcript": TEXT, "voice_id": SARAH} | RAW | form
    sent = {name: ("blob", content) for name, content in files.items()}
    response = await api.post("/infill/bytes", files=sent, data=fields)
    assert response.status_code == 400
    assert message in response.text
