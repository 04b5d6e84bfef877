"""Piper voices as voices of the catalogue."""

import hashlib
import importlib.util
import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from voicemill.engine.voices.languages import languages
from voicemill.engine.voices.timbre import Timbre
from voicemill.engine.voices.voice import EngineVoice
from voicemill.errors import ConfigError

PIPER_VOICES_VARIABLE: Final = "VOICEMILL_PIPER_VOICES"
PIPER_MISSING: Final = "piper-tts is not installed: pip install 'voicemill[piper]'"
_IDS: Final = uuid.UUID("7b0a4d5e-3c1f-5a86-9d0e-6f2b8c4a1e73")
# Piper brings each sentence to full scale; this brings it to the level of the built-in voices.
_GAIN_DB: Final = -4.0


def piper_voices(folder: Path) -> list[EngineVoice]:
    """One voice for each speaker of each model, in the order of their file names.

    An id depends on the file name and the speaker only. Raises `ConfigError`.
    """
    if importlib.util.find_spec("piper") is None:
        raise ConfigError(f"VOICEMILL_PIPER_VOICES is set, but {PIPER_MISSING}")
    return [voice for model in _models(folder) for voice in _speakers(model)]


def piper_digest(folder: Path) -> str:
    """Twelve hex digits of the digest of every model and configuration."""
    digest = hashlib.sha256()
    for model in _models(folder):
        for path in (model, _configuration(model)):
            digest.update(path.name.encode() + b"\0")
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:12]


def speaker_of(speaker: str) -> tuple[str, int | None]:
    """The model file and the speaker number in the text that `piper_voices` put into a timbre."""
    model, _, number = speaker.rpartition("#")
    return model, int(number) if number else None


def _speaker(model: Path, number: int | None) -> str:
    return f"{model}#{'' if number is None else number}"


def _models(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise ConfigError(f"VOICEMILL_PIPER_VOICES is {str(folder)!r}, which is not a folder. Correct or unset it.")
    models = sorted(folder.resolve().glob("*.onnx"))
    if not models:
        raise ConfigError(
            f"VOICEMILL_PIPER_VOICES is {str(folder)!r}, but there is no *.onnx file in it. Add a voice, or unset it."
        )
    for model in models:
        if not _configuration(model).is_file():
            raise ConfigError(f"The Piper voice {model.name} has no {model.name}.json beside it. Download both files.")
    return models


def _configuration(model: Path) -> Path:
    return model.with_name(model.name + ".json")


def _speakers(model: Path) -> Iterator[EngineVoice]:
    try:
        configuration: dict[str, Any] = json.loads(_configuration(model).read_text(encoding="utf-8"))
        code = _language(configuration)
        names: dict[str, int] = configuration.get("speaker_id_map") or {}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(f"{model.name}.json is not a Piper configuration ({error}). Download it again.") from None
    for speaker, number in names.items() or [(None, None)]:
        name = model.stem if speaker is None else f"{model.stem} {speaker}"
        yield EngineVoice(
            id=str(uuid.uuid5(_IDS, name)),
            name=name,
            language=code,
            description=f"Piper voice from {model.name}",
            timbre=Timbre(backend="piper", speaker=_speaker(model, number), gain_db=_GAIN_DB),
        )


def _language(configuration: dict[str, Any]) -> str:
    tag = str((configuration.get("language") or {}).get("code") or configuration["espeak"]["voice"])
    code = tag.replace("_", "-").split("-")[0].lower()
    code = {"cmn": "zh", "nb": "no"}.get(code, code)
    if code not in languages():
        raise ValueError(f"its language {tag!r} is not supported")
    return code
