"""The settings of one engine: how many workers, whose keys, which limits."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from voicemill.engine.fault_injection import Faults

KEYS_VARIABLE = "VOICEMILL_ENGINE_KEYS"
PIPER_VOICES_VARIABLE = "VOICEMILL_PIPER_VOICES"
WHISPER_MODEL_VARIABLE = "VOICEMILL_WHISPER_MODEL"
_POSITIVE = (
    "workers",
    "tts_concurrency",
    "stt_concurrency",
    "max_transcript_characters",
    "max_json_bytes",
    "max_upload_bytes",
    "request_timeout_s",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    """How an engine runs. The defaults suit one user on one machine, offline.

    `keys`: the API keys that open it; None lets any non-empty key in.
    `token_key`: what access tokens are signed with; None makes tokens that end with this engine.
    `faults`: what is to go wrong on purpose; None is nothing.
    `tts_concurrency`, `stt_concurrency`: how many requests of a family may be in the house before the next gets a 429;
    None lets them queue.
    `request_timeout_s`: how long a worker may go (queueing left out) without finishing or telling of progress, before
    it is killed.
    `own_voices`: the file in which voices that users clone, mix, create and localize are kept.
    `piper_voices`: a folder of the user's own Piper voices (`*.onnx` beside `*.onnx.json`).
    `whisper_model`: the folder of the user's own faster-whisper model, which then recognises instead of pocketsphinx.
    Raises `ValueError` that names the wrong field.
    """

    workers: int = field(default_factory=lambda: available_cores())
    keys: frozenset[str] | None = field(default=None, repr=False)
    token_key: str | None = field(default=None, repr=False)
    tts_concurrency: int | None = None
    stt_concurrency: int | None = None
    max_transcript_characters: int = 20_000
    max_json_bytes: int = 1 << 20
    max_upload_bytes: int = 2 << 30
    request_timeout_s: float = 120.0
    own_voices: Path = field(default_factory=lambda: _data_folder() / "voices.sqlite")
    piper_voices: Path | None = None
    whisper_model: Path | None = None
    faults: Faults | None = None

    def __post_init__(self) -> None:
        for name in _POSITIVE:
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise ValueError(f"{name} is {value}, but must be greater than 0")

    @classmethod
    def from_environment(cls) -> "EngineSettings":
        """The defaults, with the folders that `VOICEMILL_PIPER_VOICES` and `VOICEMILL_WHISPER_MODEL` name.

        `VOICEMILL_ENGINE_KEYS` lists the keys that open a served engine, separated by commas; unset, any key does.
        """
        keys = frozenset(filter(None, map(str.strip, os.environ.get(KEYS_VARIABLE, "").split(","))))
        return cls(
            keys=keys or None,
            piper_voices=_folder(PIPER_VOICES_VARIABLE),
            whisper_model=_folder(WHISPER_MODEL_VARIABLE),
        )


def _folder(variable: str) -> Path | None:
    named = os.environ.get(variable, "").strip()
    return Path(named).expanduser() if named else None


def _data_folder() -> Path:
    """Where this user's applications keep data (XDG Base Directory Specification)."""
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "voicemill" / "engine"


def available_cores() -> int:
    """The cores this process may use, which in a container are fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
