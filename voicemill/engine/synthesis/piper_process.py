"""A speech program of its own: Piper voices behind a pipe. It imports nothing of voicemill.

    python -I piper_process.py

Each line on standard input is one question, as JSON:

    {"text": "...", "model": "/path/to/voice.onnx", "speaker": null, "rate": 1.0}

Each answer on standard output is two big-endian 32-bit lengths, then JSON, then signed 16-bit mono samples:

    {"sample_rate_hz": 22050}

or `{"error": "..."}` with no samples. The program ends when its standard input ends.

A Piper voice draws random numbers as it speaks. Its model is loaded with a fixed seed, and every question is answered
in a fork of the process that loaded it, so the same question always gets the same samples. One thread only: a forked
process has no others.
"""

import json
import os
import struct
import sys
from functools import cache
from typing import Any, BinaryIO

import numpy as np
import onnxruntime
from piper import PiperVoice, SynthesisConfig
from piper.config import PiperConfig

SEED = 1


@cache
def load(model: str) -> PiperVoice:
    """The voice of a model file, whose configuration lies beside it."""
    with open(f"{model}.json", encoding="utf-8") as file:  # noqa: PTH123
        config = PiperConfig.from_dict(json.load(file))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    onnxruntime.set_seed(SEED)
    session = onnxruntime.InferenceSession(model, sess_options=options, providers=["CPUExecutionProvider"])
    return PiperVoice(session=session, config=config)


def speak(voice: PiperVoice, question: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    """The answer to one question."""
    config = SynthesisConfig(speaker_id=question["speaker"], length_scale=voice.config.length_scale / question["rate"])
    samples = [np.zeros(0, np.int16)]
    samples += [chunk.audio_int16_array for chunk in voice.synthesize(question["text"], config)]
    return {"sample_rate_hz": voice.config.sample_rate}, np.concatenate(samples).astype("<i2").tobytes()


def answer(out: BinaryIO, header: dict[str, Any], samples: bytes) -> None:
    """Write one answer."""
    encoded = json.dumps(header).encode()
    out.write(struct.pack(">II", len(encoded), len(samples)))
    out.write(encoded)
    out.write(samples)
    out.flush()


def answer_in_fork(voice: PiperVoice, question: dict[str, Any], out: BinaryIO) -> bool:
    """Answer one question in a process of its own; False when that process did not live to its end."""
    child = os.fork()
    if child == 0:
        try:
            try:
                reply = speak(voice, question)
            except Exception as error:
                reply = {"error": f"This Piper voice cannot speak this text: {error}"}, b""
            answer(out, *reply)
            os._exit(0)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    return status == 0


def main() -> int:
    """Answer questions until there are no more; 1 when one of them crashed."""
    out = sys.stdout.buffer
    for line in sys.stdin.buffer:
        question = json.loads(line)
        try:
            voice = load(question["model"])
        except Exception as error:
            answer(out, {"error": f"This Piper voice cannot be loaded: {error}"}, b"")
            continue
        if not answer_in_fork(voice, question, out):
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
