"""The settings of one engine."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from voicemill.engine.choice import CHOICES, ENGINE_VARIABLE, EngineChoice
from voicemill.engine.environment import folder_from_environment, text_from_environment
from voicemill.engine.faults import Faults
from voicemill.engine.recognition.whisper_model import DEVICES, WHISPER_MODEL_VARIABLE
from voicemill.engine.version import NATURAL_VERSION, NATURAL_VERSIONS
from voicemill.engine.voices.piper_voices import PIPER_VOICES_VARIABLE
from voicemill.model.machine import available_cores

KEYS_VARIABLE = "VOICEMILL_ENGINE_KEYS"
SPEECH_BACKENDS_VARIABLE = "VOICEMILL_SPEECH_BACKENDS"
RECOGNIZER_VARIABLE = "VOICEMILL_RECOGNIZER"
WHISPER_BEAM_VARIABLE = "VOICEMILL_WHISPER_BEAM"
WHISPER_DEVICE_VARIABLE = "VOICEMILL_WHISPER_DEVICE"
_CHOICES = {"engine": CHOICES, "natural_version": NATURAL_VERSIONS, "whisper_device": DEVICES}
_POSITIVE = (
    "workers",
    "tts_concurrency",
    "stt_concurrency",
    "max_transcript_characters",
    "max_json_bytes",
    "max_upload_bytes",
    "request_timeout_s",
    "whisper_beam",
)


def _engine_from_environment() -> EngineChoice:
    return cast(EngineChoice, text_from_environment(ENGINE_VARIABLE).lower() or "auto")


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    """How an engine runs. The defaults suit one user on one machine, offline.

    - `engine`: `local` speaks English by a neural model and transcribes by Whisper base, `small` by espeak-ng and
      pocketsphinx; `auto` is `local` where its packages are installed. By default what `VOICEMILL_ENGINE` says.
    - `natural_version`: the version of what `local` speaks and converts; an earlier one gives the bytes that it gave.
    - `keys`: the accepted API keys; None accepts any non-empty key.
    - `token_key`: signs access tokens; None creates a key, so that tokens become invalid when the engine ends.
    - `tts_concurrency`, `stt_concurrency`: requests of a family at once before the next gets a 429; None queues them.
    - `request_timeout_s`: CPU time without result or progress after which a worker is killed. Waiting for a worker or
      for the CPU does not count; a worker that uses no CPU is killed after this time too.
    - `user_voices`: the file with the voices that users clone, mix, create and localize.
    - `piper_voices`: a folder of Piper voices (`*.onnx` beside `*.onnx.json`).
    - `speech_backends`: names of further speech backends, whose voices are listed before the built-in ones.
    - `recognizer`: the name of a recognizer to use instead of the engine's own; empty for none.
    - `whisper_model`: the folder of a faster-whisper model to transcribe with.
    - `whisper_beam`: beam width; None is greedy for Whisper base and faster-whisper's default for a folder.
    - `whisper_device`: `auto`, `cpu` or `cuda`.
    - `faults`: faults to inject, for tests of clients.

    Raises `ValueError` that names the wrong field.
    """

    engine: EngineChoice = field(default_factory=_engine_from_environment)
    natural_version: str = NATURAL_VERSION
    workers: int = field(default_factory=available_cores)
    keys: frozenset[str] | None = field(default=None, repr=False)
    token_key: str | None = field(default=None, repr=False)
    tts_concurrency: int | None = None
    stt_concurrency: int | None = None
    max_transcript_characters: int = 20_000
    max_json_bytes: int = 1 << 20
    max_upload_bytes: int = 2 << 30
    request_timeout_s: float = 120.0
    user_voices: Path = field(default_factory=lambda: data_folder() / "voices.sqlite")
    piper_voices: Path | None = None
    speech_backends: tuple[str, ...] = ()
    recognizer: str = ""
    whisper_model: Path | None = None
    whisper_beam: int | None = None
    whisper_device: str = "auto"
    faults: Faults | None = None

    def __post_init__(self) -> None:
        for name in _POSITIVE:
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise ValueError(f"{name} is {value}, but must be greater than 0")
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                raise ValueError(f"{name} is {getattr(self, name)!r}, but must be one of {', '.join(choices)}")

    @classmethod
    def from_environment(cls) -> "EngineSettings":
        """The defaults with what the environment sets; `docs/engine.md` lists the variables.

        Raises `ValueError` that names the wrong variable.
        """
        beam = text_from_environment(WHISPER_BEAM_VARIABLE)
        if beam and not beam.isdecimal():
            raise ValueError(f"{WHISPER_BEAM_VARIABLE} is {beam!r}, but must be a whole number")
        return cls(
            keys=frozenset(_listed(KEYS_VARIABLE)) or None,
            piper_voices=folder_from_environment(PIPER_VOICES_VARIABLE),
            speech_backends=tuple(_listed(SPEECH_BACKENDS_VARIABLE)),
            recognizer=text_from_environment(RECOGNIZER_VARIABLE),
            whisper_model=folder_from_environment(WHISPER_MODEL_VARIABLE),
            whisper_beam=int(beam) if beam else None,
            whisper_device=text_from_environment(WHISPER_DEVICE_VARIABLE) or "auto",
        )


def _listed(variable: str) -> list[str]:
    return list(filter(None, map(str.strip, os.environ.get(variable, "").split(","))))


def data_folder() -> Path:
    """Where this user's applications keep data (XDG Base Directory Specification)."""
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "voicemill" / "engine"
