"""espeak-ng from the worker's side: a child process that is asked over pipes."""

import importlib.util
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from voicemill.engine.refusals import Refusal
from voicemill.engine.workers.frames import question_line, read_frame, reader

PROGRAM = Path(__file__).with_name("espeak_process.py")
SLOWEST_WPM, FASTEST_WPM = 80, 450
# Louder than this, klatt voices clip inside espeak-ng (measured: full scale at 100, 0.78 of it at 70).
VOLUME = 70


@dataclass(frozen=True, slots=True)
class Utterance:
    """What a synthesizer said: mono float32 samples, and when it said what.

    `words`: (offset in the text, length, sample). `phonemes`: (IPA, sample). Offsets count characters from 0.
    """

    samples: NDArray[np.float32]
    sample_rate_hz: float
    words: tuple[tuple[int, int, int], ...] = ()
    phonemes: tuple[tuple[str, int], ...] = ()


class Espeak:
    """The synthesizer's process: started when first asked, and again after it has ended."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None

    def say(self, text: str, voice: str, *, rate_wpm: float, pitch: float, range: float) -> Utterance:
        """Speak `text`; `pitch` and `range` are espeak-ng's 0..99. Raises `Refusal` when it cannot."""
        question = {
            "text": text,
            "voice": voice,
            "rate_wpm": round(min(max(rate_wpm, SLOWEST_WPM), FASTEST_WPM)),
            "pitch": round(min(max(pitch, 0), 99)),
            "range": round(min(max(range, 0), 99)),
            "volume": VOLUME,
        }
        questions, answers = self._pipes()
        try:
            questions.write(question_line(question))
            questions.flush()
            header, body = read_frame(reader(answers))
        except (EOFError, BrokenPipeError) as error:
            self._end()
            raise Refusal(500, "Internal server error", "The synthesizer ended unexpectedly. Try again.") from error
        if "error" in header:
            raise Refusal(500, "Internal server error", header["error"])
        return Utterance(
            np.frombuffer(body, "<i2").astype(np.float32) / np.float32(32768),
            header["sample_rate_hz"],
            tuple((position - 1, length, sample) for position, length, sample in header["words"]),
            tuple((name, sample) for name, sample in header["phonemes"]),
        )

    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        if self._child is None:
            folder = _package_folder()
            library = next(folder.glob("libespeak-ng.*"))
            self._child = subprocess.Popen(  # noqa: S603 - our own program and an installed library
                [sys.executable, "-I", "-S", str(PROGRAM), str(library), str(folder)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
        if self._child.stdin is None or self._child.stdout is None:
            raise AssertionError("both were asked for as pipes")
        return self._child.stdin, self._child.stdout

    def _end(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child.communicate()
            self._child = None


def _package_folder() -> Path:
    """Where espeakng_loader keeps the library and its data; found without importing it."""
    package = importlib.util.find_spec("espeakng_loader")
    if package is None or package.origin is None:
        raise Refusal(500, "Internal server error", "espeakng_loader is not installed: pip install espeakng-loader")
    return Path(package.origin).parent
