"""The Hibari acoustic model: phonemes in, 24 kHz samples and phoneme durations out."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from voicemill.engine.models.hibari import hibari_assets

RATE_HZ: Final = 24_000
DURATION_SAMPLES: Final = 600
"""Samples per unit of the model's duration output."""

_PADDING_ID: Final = 0
_DURATIONS: Final = "/Cast_32_output_0"
"""The graph's internal tensor with one duration per phoneme; the published outputs leave it out."""
_GRAPH_FIELD, _OUTPUT_FIELD, _NAME_FIELD = 7, 12, 1


@dataclass(frozen=True, slots=True)
class Rendering:
    """Mono samples at 24 kHz and the duration, in samples, of each phoneme symbol and of the padding at both ends."""

    samples: NDArray[np.float32]
    durations: tuple[int, ...]


class HibariModel:
    """The ONNX model in one session on one core. The same phonemes, speed and seed give the same samples."""

    def __init__(self, model: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        graph = _with_output(model.read_bytes(), _DURATIONS)
        self._session: Any = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        vocabulary = (hibari_assets() / "vocab.json").read_text(encoding="utf-8")
        self._ids: dict[str, int] = json.loads(vocabulary)

    def known(self, phonemes: str) -> str:
        """`phonemes` without the symbols that are missing from the model's vocabulary."""
        return "".join(symbol for symbol in phonemes if symbol in self._ids)

    def render(self, phonemes: str, *, speed: float, seed: int) -> Rendering:
        """Synthesize `phonemes`, all of which the model must know; `speed` divides the durations."""
        from hibari import dsp

        ids = [_PADDING_ID, *(self._ids[symbol] for symbol in phonemes), _PADDING_ID]
        inputs = {"ids": np.array([ids], np.int64), "speed": np.array([speed], np.float32)}
        *spectra, durations = self._session.run(None, inputs)
        samples = dsp.synth(*(spectrum[0] for spectrum in spectra), np.random.default_rng(seed))
        return Rendering(samples, tuple(int(duration) * DURATION_SAMPLES for duration in durations))


def _with_output(model: bytes, tensor: str) -> bytes:
    """The serialized model with `tensor` as one more output.

    Protocol Buffers merge a message that occurs twice, so appending the one added field is enough.
    """
    output = _field(_NAME_FIELD, tensor.encode())
    return model + _field(_GRAPH_FIELD, _field(_OUTPUT_FIELD, output))


def _field(number: int, content: bytes) -> bytes:
    """One length-delimited Protocol Buffers field shorter than 128 bytes."""
    return bytes([number << 3 | 2, len(content)]) + content
