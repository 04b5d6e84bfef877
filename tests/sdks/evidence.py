"""The evidence of one client: its recorded steps, and their audio decoded independently of the engine."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from benchmarks.recognizer import read, transcribe_samples


@dataclass(frozen=True, slots=True)
class Audio:
    """A decoded file."""

    container: str
    codec: str
    sample_rate_hz: int
    channels: int
    samples: NDArray[np.float32]

    @property
    def duration_s(self) -> float:
        """The duration in seconds."""
        return self.samples.size / self.sample_rate_hz


class Evidence:
    """The steps of one client by name."""

    def __init__(self, client: str, task: Mapping[str, Any], lines: list[dict[str, Any]]) -> None:
        self.client = client
        self.task = task
        self._steps = {line["step"]: _snake_cased(line) for line in lines}

    def has(self, step: str) -> bool:
        """Whether the client made that step."""
        return step in self._steps

    def facts(self, step: str) -> dict[str, Any]:
        """The facts of a step. Asserts that it succeeded."""
        assert step in self._steps, f"{self.client} did not come to {step}"
        noted = self._steps[step]
        assert "facts" in noted, f"{self.client}: {step} raised {noted.get('error')}"
        facts: dict[str, Any] = noted["facts"]
        return facts

    def error(self, step: str) -> dict[str, Any]:
        """The error of a step. Asserts that it was refused."""
        assert step in self._steps, f"{self.client} did not come to {step}"
        noted = self._steps[step]
        assert "error" in noted, f"{self.client}: {step} raised nothing"
        error: dict[str, Any] = noted["error"]
        return error

    def audio(self, step: str) -> Audio:
        """The audio file of a step, decoded."""
        path = Path(self.facts(step)["audio"])
        with av.open(str(path)) as opened:
            stream = opened.streams.audio[0]
            context = stream.codec_context
            resampler = av.AudioResampler(format="flt", layout="mono", rate=context.sample_rate)
            blocks = [
                block.to_ndarray()[0] for frame in [*opened.decode(stream), None] for block in resampler.resample(frame)
            ]
            return Audio(
                opened.format.name, context.name, context.sample_rate, context.channels, np.concatenate(blocks)
            )

    def raw(self, step: str) -> NDArray[np.float32]:
        """The samples of a step that returned raw 32-bit floats."""
        return np.fromfile(self.facts(step)["audio"], "<f4")

    def said(self, step: str) -> str:
        """The transcript of a step's audio file by an independent recognizer."""
        return _transcribed(Path(self.facts(step)["audio"]).read_bytes(), self.facts(step)["audio"])


def _snake_cased(node: Any) -> Any:
    """The same data with the API's field names: the JavaScript SDK converts them to camelCase."""
    if isinstance(node, list):
        return [_snake_cased(item) for item in node]
    if isinstance(node, dict):
        return {re.sub(r"[A-Z]", lambda big: f"_{big[0].lower()}", key): _snake_cased(node[key]) for key in node}
    return node


_HEARD: dict[bytes, str] = {}


def _transcribed(content: bytes, path: str) -> str:
    """The words of a file; equal files are transcribed once."""
    if content not in _HEARD:
        _HEARD[content] = transcribe_samples(read(Path(path)))
    return _HEARD[content]
