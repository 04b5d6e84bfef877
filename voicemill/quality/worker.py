"""`python -m voicemill.quality.worker`: checks of words, one request per line of standard input, until it is closed."""

import base64
from dataclasses import asdict
from functools import partial
from typing import Any, BinaryIO

import numpy as np

from voicemill.model import Finding, Word
from voicemill.processes.frames import write_frame
from voicemill.processes.worker_side import allow_cpu, handle_requests, limit_memory
from voicemill.quality.decoder import GuidedDecoder
from voicemill.quality.guided import guided_findings
from voicemill.quality.phonemes import sounds
from voicemill.quality.transcribed import transcription_findings
from voicemill.quality.units import units_of

_CPU_S_PER_AUDIO_S = 2.0
_LEAST_CPU_S = 30.0

_decoder = GuidedDecoder()


def main() -> None:
    """Handle requests until the parent closes the pipe."""
    limit_memory()
    handle_requests(_handle)


def _handle(request: dict[str, Any], responses: BinaryIO) -> None:
    found = _transcribed(request) if "words" in request else _guided(request)
    write_frame(responses, {"findings": [asdict(finding) for finding in found]})


def _guided(request: dict[str, Any]) -> list[Finding]:
    """Decode the audio of a request with the grammar of its text."""
    samples = np.frombuffer(base64.b64decode(request["pcm"]), "<i2").astype(np.float32) / np.float32(32768)
    allow_cpu(_LEAST_CPU_S + samples.size / 16_000 * _CPU_S_PER_AUDIO_S)
    units = units_of(request["text"])
    return guided_findings(_decoder, samples, units, frozenset(request["allowed"])) if units else []


def _transcribed(request: dict[str, Any]) -> list[Finding]:
    """Compare the transcription in a request with its text."""
    allow_cpu(_LEAST_CPU_S)
    words = [Word(*word) for word in request["words"]]
    phones = partial(sounds, language=request["language"])
    return transcription_findings(request["text"], words, request["end_s"], request["allowed"], phones)


if __name__ == "__main__":
    main()
