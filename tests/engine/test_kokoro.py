"""A folder with a Kokoro model as a speech backend."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from tests.engine.local import needs_local
from tests.engine.requests import FLOAT, RATE_HZ, client, speech
from voicemill.engine.app import create_app
from voicemill.engine.backends import load_speech_backend
from voicemill.engine.settings import EngineSettings
from voicemill.engine.synthesis.kokoro import KOKORO_VOICES_VARIABLE
from voicemill.errors import ConfigError

pytestmark = needs_local

TEXT = "The boat is on the river."
SAMPLES = 1200
"""The samples that the model makes for each phoneme."""
STYLES = {"af_tone": 0.2, "bm_tone": 0.4, "jf_tone": 0.3}


def write_model(folder: Path, *, names: tuple[str, str] = ("tokens", "speed"), speed: int = TensorProto.FLOAT) -> None:
    """Write a model with Kokoro's inputs: a tone for each phoneme, scaled by the style, with noise."""
    tone = np.sin(2 * np.pi * 300 * np.arange(SAMPLES) / 24_000).astype(np.float32)[None, None, :]
    constants = {"tone": tone, "flat": np.array([-1], np.int64), "share": np.array([0.01], np.float32)}
    node = helper.make_node
    nodes = [
        node("Cast", [names[0]], ["ids"], to=TensorProto.FLOAT),
        node("Mul", ["ids", "share"], ["levels"]),
        node("ReduceMean", ["style"], ["level"], keepdims=0),
        node("Unsqueeze", ["levels", "last"], ["column"]),
        node("Mul", ["column", "tone"], ["bursts"]),
        node("Mul", ["bursts", "level"], ["scaled"]),
        node("RandomNormalLike", ["scaled"], ["noise"], scale=0.001),
        node("Add", ["scaled", "noise"], ["noisy"]),
        node("Reshape", ["noisy", "flat"], ["audio"]),
    ]
    constants["last"] = np.array([2], np.int64)
    inputs = [
        helper.make_tensor_value_info(names[0], TensorProto.INT64, [1, "phonemes"]),
        helper.make_tensor_value_info("style", TensorProto.FLOAT, [1, 256]),
        helper.make_tensor_value_info(names[1], speed, [1]),
    ]
    output = helper.make_tensor_value_info("audio", TensorProto.FLOAT, ["samples"])
    tensors = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "kokoro", inputs, [output], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, str(folder / "kokoro.onnx"))
    with (folder / "voices-v1.0.bin").open("wb") as file:
        styles: dict[str, Any] = {name: np.full((510, 1, 256), level, np.float32) for name, level in STYLES.items()}
        np.savez(file, **styles)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that the environment names."""
    path = tmp_path / "kokoro"
    path.mkdir()
    monkeypatch.setenv(KOKORO_VOICES_VARIABLE, str(path))
    return path


async def spoken() -> tuple[list[str], list[bytes], str]:
    """The names of the first voices, speech of the first two, and the service name of a new engine."""
    app = create_app(EngineSettings(engine="small", workers=1, speech_backends=("kokoro",)))
    async with client(app) as api:
        listed = (await api.get("/voices")).json()["data"]
        audio = [await speech(api, TEXT, voice=voice["id"], output_format=FLOAT) for voice in listed[:2]]
    await app.state.engine.close()
    return [one["name"] for one in listed[:3]], audio, app.state.service


async def test_english_voices_speak_deterministically(folder: Path) -> None:
    """English voices are listed first, the Japanese one is not; two engines give the same bytes despite noise.

    An export with `input_ids` and an integer speed gives the same speech.
    """
    write_model(folder)
    names, audio, service = await spoken()
    assert names[:2] == ["af_tone", "bm_tone"]
    assert "jf_tone" not in names
    assert "+kokoro." in service
    assert 15 * SAMPLES / 24_000 < len(audio[0]) / 4 / RATE_HZ < 40 * SAMPLES / 24_000
    assert audio[0] != audio[1]
    write_model(folder, names=("input_ids", "speed"), speed=TensorProto.INT32)
    assert (await spoken())[1] == audio


@pytest.mark.parametrize("content", [None, "two models", "broken voices"])
def test_unusable_folder_is_an_error(folder: Path, content: str | None) -> None:
    """The error names the setting or the file."""
    if content is not None:
        write_model(folder)
    if content == "two models":
        (folder / "other.onnx").write_bytes(b"")
    if content == "broken voices":
        (folder / "voices-v1.0.bin").write_bytes(b"not an archive")
    with pytest.raises(ConfigError, match=f"{KOKORO_VOICES_VARIABLE}|voices-v1"):
        load_speech_backend("kokoro").voices()
