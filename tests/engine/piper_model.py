"""A tiny voice in Piper's own format: an ONNX graph with Piper's inputs and outputs, and its configuration.

It says each phoneme as a burst of a tone whose pitch is the phoneme's id, and draws random numbers as it does, as a
real Piper voice does.
"""

import json
import string
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

RATE_HZ = 16_000
PHONEME_S = 0.1
_PHONEMES = ["_", "^", "$", " ", *string.ascii_lowercase, *"ˈˌːɹɛɪæəɔʊɑʌθðŋʃʒɡ.,?!"]


def write_voice(folder: Path, name: str, *, language: str = "en_US", speakers: dict[str, int] | None = None) -> Path:
    """Write `name`.onnx and `name`.onnx.json."""
    model = folder / f"{name}.onnx"
    onnx.save(_model(with_speaker=bool(speakers)), str(model))
    configuration: dict[str, Any] = {
        "audio": {"sample_rate": RATE_HZ},
        "espeak": {"voice": {"en_US": "en-us"}.get(language, language[:2])},
        "language": {"code": language},
        "phoneme_type": "espeak",
        "num_symbols": len(_PHONEMES),
        "num_speakers": max(1, len(speakers or {})),
        "speaker_id_map": speakers or {},
        "inference": {"noise_scale": 0.05, "length_scale": 1.0, "noise_w": 0.8},
        "phoneme_id_map": {phoneme: [number] for number, phoneme in enumerate(_PHONEMES)},
    }
    model.with_name(model.name + ".json").write_text(json.dumps(configuration))
    return model


def _model(*, with_speaker: bool) -> onnx.ModelProto:
    """tone(id × 20 Hz + speaker × 500 Hz) for length_scale × 0.1 s each, plus noise_scale × noise."""
    node = helper.make_node
    nodes = [
        node("Slice", ["scales", "zero", "one"], ["noise_scale"]),
        node("Slice", ["scales", "one", "two"], ["length_scale"]),
        node("Mul", ["length_scale", "phoneme_samples"], ["length_f"]),
        node("Cast", ["length_f"], ["length"], to=TensorProto.INT64),
        node("Squeeze", ["length"], ["length_0"]),
        node("Range", ["zero_0", "length_0", "one_0"], ["steps"]),
        node("Cast", ["steps"], ["time"], to=TensorProto.FLOAT),
        node("Cast", ["input"], ["ids"], to=TensorProto.FLOAT),
        node("Mul", ["ids", "radians"], ["ids_pitch"]),
        *_speaker_nodes(with_speaker),
        node("Unsqueeze", ["pitch", "two"], ["pitch_column"]),
        node("Mul", ["pitch_column", "time"], ["phase"]),
        node("Sin", ["phase"], ["tone"]),
        node("RandomNormalLike", ["tone"], ["noise"]),
        node("Mul", ["noise", "noise_scale"], ["quiet_noise"]),
        node("Add", ["tone", "quiet_noise"], ["bursts"]),
        node("Reshape", ["bursts", "flat"], ["output"]),
    ]
    inputs = [
        helper.make_tensor_value_info("input", TensorProto.INT64, ["batch", "phonemes"]),
        helper.make_tensor_value_info("input_lengths", TensorProto.INT64, ["batch"]),
        helper.make_tensor_value_info("scales", TensorProto.FLOAT, [3]),
    ]
    if with_speaker:
        inputs.append(helper.make_tensor_value_info("sid", TensorProto.INT64, ["batch"]))
    output = helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, 1, 1, "samples"])
    graph = helper.make_graph(nodes, "bursts", inputs, [output], _constants())
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    return model


def _speaker_nodes(with_speaker: bool) -> list[onnx.NodeProto]:
    if not with_speaker:
        return [helper.make_node("Identity", ["ids_pitch"], ["pitch"])]
    return [
        helper.make_node("Cast", ["sid"], ["sid_f"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["sid_f", "speaker_radians"], ["speaker_pitch"]),
        helper.make_node("Add", ["ids_pitch", "speaker_pitch"], ["pitch"]),
    ]


def _constants() -> list[onnx.TensorProto]:
    values: dict[str, NDArray[Any]] = {
        "zero": np.array([0], np.int64),
        "one": np.array([1], np.int64),
        "two": np.array([2], np.int64),
        "zero_0": np.array(0, np.int64),
        "one_0": np.array(1, np.int64),
        "flat": np.array([1, 1, 1, -1], np.int64),
        "phoneme_samples": np.array([RATE_HZ * PHONEME_S], np.float32),
        "radians": np.array([2 * np.pi * 20 / RATE_HZ], np.float32),
        "speaker_radians": np.array([2 * np.pi * 500 / RATE_HZ], np.float32),
    }
    return [numpy_helper.from_array(value, name) for name, value in values.items()]
