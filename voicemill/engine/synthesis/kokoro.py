"""A folder with a Kokoro model as a speech backend, in the layout of `kokoro-onnx`."""

import hashlib
import importlib.util
import json
import sys
import uuid
import zipfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np

from voicemill.engine.environment import folder_from_environment
from voicemill.engine.models.hibari import hibari_assets
from voicemill.engine.refusals import Refusal
from voicemill.engine.synthesis.pronunciation import Pronouncer
from voicemill.engine.synthesis.synthesizer_process import SynthesizerProcess
from voicemill.engine.synthesis.utterance import Speech, Utterance, samples_of
from voicemill.engine.voices.timbre import Timbre
from voicemill.engine.voices.voice import EngineVoice, Gender
from voicemill.errors import ConfigError

PROGRAM: Final = Path(__file__).with_name("kokoro_process.py")
KOKORO_VOICES_VARIABLE: Final = "VOICEMILL_KOKORO_VOICES"
RATE_HZ: Final = 24_000

_IDS: Final = uuid.UUID("3f6f1f0d-7f2b-5d0a-8a55-90c1a8d0b6e4")
_ACCENTS: Final = {"a": "American", "b": "British"}
_GENDERS: Final[dict[str, Gender]] = {"f": "feminine", "m": "masculine"}
_SLOWEST, _FASTEST = 0.5, 2.0


class Kokoro:
    """The English voices of the folder that `VOICEMILL_KOKORO_VOICES` names.

    The folder has one `*.onnx` model and one `voices*.bin`, an archive of NumPy arrays by voice name, such as
    `af_heart`: `a` or `b` for American or British, `f` or `m` for the gender. Other languages are not listed, because
    only English text can be converted to phonemes. Raises `ConfigError` if the folder cannot be used.
    """

    def __init__(self) -> None:
        folder = folder_from_environment(KOKORO_VOICES_VARIABLE)
        if folder is None or not folder.is_dir():
            raise ConfigError(f"{KOKORO_VOICES_VARIABLE} must name the folder of a Kokoro model")
        self._model = _only(folder, "*.onnx")
        self._voices = _only(folder, "voices*.bin")
        hibari_assets()
        self._process = SynthesizerProcess(_command)

    @property
    def identity(self) -> str:
        """The digest of the model and its voices."""
        digest = hashlib.sha256()
        for path in (self._model, self._voices):
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
        return f"kokoro.{digest.hexdigest()[:12]}"

    def voices(self) -> Sequence[EngineVoice]:
        """The English voices by name, with ids that depend on the name only. Raises `ConfigError`."""
        return [_voice(name) for name in _names(self._voices) if name[:1] in _ACCENTS and name[1:2] in _GENDERS]

    def say(self, text: str, speech: Speech) -> Utterance:
        """Speak one passage. Raises `Refusal` when the model fails."""
        name = speech.timbre.speaker
        phrases = [
            self._spoken("".join(token.phonemes for token in phrase), name, speech.delivery.rate)
            for phrase in _pronouncer(name.startswith("b")).phrases(text)
        ]
        return Utterance(np.concatenate([np.zeros(0, np.float32), *phrases]), RATE_HZ)

    def _spoken(self, phonemes: str, name: str, rate: float) -> "np.ndarray[tuple[int], np.dtype[np.float32]]":
        _, body = self._process.run(
            {
                "model": str(self._model),
                "voices": str(self._voices),
                "voice": name,
                "ids": [_vocabulary()[symbol] for symbol in phonemes if symbol in _vocabulary()],
                "speed": min(max(rate, _SLOWEST), _FASTEST),
            }
        )
        return samples_of(body)


def _only(folder: Path, pattern: str) -> Path:
    found = sorted(folder.resolve().glob(pattern))
    if len(found) != 1:
        raise ConfigError(
            f"{KOKORO_VOICES_VARIABLE} is {str(folder)!r}, which has {len(found)} {pattern} files, not one"
        )
    return found[0]


def _names(voices: Path) -> list[str]:
    try:
        with np.load(voices) as styles:
            return sorted(styles.files)
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise ConfigError(f"{voices} is not an archive of Kokoro voices: {error}") from None


def _voice(name: str) -> EngineVoice:
    return EngineVoice(
        id=str(uuid.uuid5(_IDS, name)),
        name=name,
        language="en",
        description=f"Kokoro voice, {_ACCENTS[name[0]]} English",
        gender=_GENDERS[name[1]],
        timbre=Timbre(backend="kokoro", speaker=name),
    )


@cache
def _vocabulary() -> dict[str, int]:
    """The ids of Kokoro's phonemes, which `hibari-tts` shares."""
    ids: dict[str, int] = json.loads((hibari_assets() / "vocab.json").read_text(encoding="utf-8"))
    return ids


@cache
def _pronouncer(british: bool) -> Pronouncer:
    return Pronouncer(british=british)


def _command() -> list[str]:
    if importlib.util.find_spec("onnxruntime") is None:
        raise Refusal(500, "Internal server error", "onnxruntime is not installed: pip install 'voicemill[local]'")
    return [sys.executable, "-I", str(PROGRAM)]
