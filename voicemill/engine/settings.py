"""The settings of one engine: how many workers, whose keys, which limits."""

import os
from dataclasses import dataclass, field
from pathlib import Path

PIPER_VOICES_VARIABLE = "VOICEMILL_PIPER_VOICES"


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    """How an engine runs. The defaults suit one user on one machine, offline.

    `keys`: the API keys that open it; None lets any non-empty key in.
    `tts_concurrency`: how many speech requests may be in the house before the next gets a 429; None lets them queue.
    `request_timeout_s`: how long one request may be worked on (not queued) before its worker is killed.
    `piper_voices`: a folder of the user's own Piper voices (`*.onnx` beside `*.onnx.json`).
    Raises `ValueError` that names the wrong field.
    """

    workers: int = field(default_factory=lambda: available_cores())
    keys: frozenset[str] | None = None
    tts_concurrency: int | None = None
    max_transcript_characters: int = 20_000
    max_json_bytes: int = 1 << 20
    request_timeout_s: float = 120.0
    piper_voices: Path | None = None

    def __post_init__(self) -> None:
        for name in ("workers", "max_transcript_characters", "max_json_bytes", "request_timeout_s"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} is {getattr(self, name)}, but must be greater than 0")
        if self.tts_concurrency is not None and self.tts_concurrency <= 0:
            raise ValueError(f"tts_concurrency is {self.tts_concurrency}, but must be None or greater than 0")

    @classmethod
    def from_environment(cls) -> "EngineSettings":
        """The defaults, with the Piper voices folder that `VOICEMILL_PIPER_VOICES` names."""
        folder = os.environ.get(PIPER_VOICES_VARIABLE, "").strip()
        return cls(piper_voices=Path(folder).expanduser() if folder else None)


def available_cores() -> int:
    """The cores this process may use, which in a container are fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
