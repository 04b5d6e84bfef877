"""Speed, emotion, volume and duration change the audio by the requested amounts."""

from typing import Any

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.engine.measures import floats, level_db, pitch_hz
from tests.engine.requests import FLOAT, RATE_HZ, SARAH, speech


async def rendered(api: httpx.AsyncClient, **fields: Any) -> NDArray[np.float32]:
    """The samples of the test sentence."""
    return floats(await speech(api, output_format=FLOAT, **fields))


def controlled(**controls: Any) -> dict[str, Any]:
    """Sarah with experimental controls."""
    return {"mode": "id", "id": SARAH, "__experimental_controls": controls}


@pytest.mark.parametrize(
    ("fields", "factor"),
    [
        ({"speed": "slow"}, 0.8),
        ({"speed": "normal"}, 1.0),
        ({"speed": "fast"}, 1.25),
        ({"generation_config": {"speed": 0.6}}, 0.6),
        ({"generation_config": {"speed": 1.5}}, 1.5),
        ({"voice": controlled(speed="slowest")}, 0.6),
        ({"voice": controlled(speed="fastest")}, 1.5),
        ({"voice": controlled(speed=0)}, 1.0),
        ({"voice": controlled(speed=-1.0)}, 0.6),
    ],
    ids=str,
)
async def test_speed_changes_the_length(api: httpx.AsyncClient, fields: dict[str, Any], factor: float) -> None:
    """The duration is divided by the factor, within 12 %, and the pitch stays the same."""
    normal, other = await rendered(api), await rendered(api, **fields)
    assert other.size == pytest.approx(normal.size / factor, rel=0.12)
    assert pitch_hz(other, RATE_HZ) == pytest.approx(pitch_hz(normal, RATE_HZ), rel=0.06)


@pytest.mark.parametrize(("volume", "change_db"), [(0.5, -6.0), (1.0, 0.0), (2.0, 5.5)])
async def test_volume_changes_the_level(api: httpx.AsyncClient, volume: float, change_db: float) -> None:
    """Half the volume is 6 dB lower; twice is nearly 6 dB higher and does not clip."""
    normal, other = await rendered(api), await rendered(api, generation_config={"volume": volume})
    assert level_db(other) - level_db(normal) == pytest.approx(change_db, abs=0.6)
    assert np.abs(other).max() < 0.99


@pytest.mark.parametrize("emotion", ["anger", "positivity", "surprise", "sadness", "curiosity"])
async def test_emotion_changes_pitch_pace_or_loudness(api: httpx.AsyncClient, emotion: str) -> None:
    """Each emotion differs from neutral by over a semitone, 5 % of pace or 1 dB, and more at `highest`."""
    neutral = await rendered(api)
    changes = []
    for level in ("", ":highest"):
        felt = await rendered(api, voice=controlled(emotion=[emotion + level]))
        semitones = abs(12 * np.log2(pitch_hz(felt, RATE_HZ) / pitch_hz(neutral, RATE_HZ)))
        pace = abs(felt.size / neutral.size - 1)
        changes.append(semitones + pace / 0.05 + abs(level_db(felt) - level_db(neutral)))
    assert changes[0] > 1
    assert changes[1] > changes[0]


async def test_sadness_is_lower_slower_softer_and_anger_louder_faster(api: httpx.AsyncClient) -> None:
    """Sadness and anger change speech in the usual direction."""
    neutral = await rendered(api)
    sad = await rendered(api, generation_config={"emotion": "sad"})
    angry = await rendered(api, generation_config={"emotion": "angry"})
    assert pitch_hz(sad, RATE_HZ) < pitch_hz(neutral, RATE_HZ) < pitch_hz(angry, RATE_HZ)
    assert level_db(sad) < level_db(neutral) < level_db(angry)
    assert sad.size > neutral.size > angry.size


@pytest.mark.parametrize("seconds", [0.5, 2.0])
async def test_duration_limits_the_speech(api: httpx.AsyncClient, seconds: float) -> None:
    """The response has the first seconds of the speech, with a fade at the end."""
    whole, cut = await rendered(api), await rendered(api, duration=seconds)
    assert cut.size == int(seconds * RATE_HZ)
    assert np.array_equal(cut[: cut.size - 200], whole[: cut.size - 200])
    assert abs(cut[-1]) < 1e-3


async def test_longer_duration_changes_nothing(api: httpx.AsyncClient) -> None:
    """`duration` is a maximum and not an exact length."""
    assert np.array_equal(await rendered(api, duration=600), await rendered(api))
