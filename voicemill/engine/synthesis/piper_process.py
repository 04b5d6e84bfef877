"""A separate program: Piper voices behind a pipe. It imports nothing from voicemill.

    python -I piper_process.py

Each line on standard input is one request in JSON:

    {"text": "...", "model": "/path/to/voice.onnx", "speaker": null, "rate": 1.0}

Each response on standard output is two big-endian 32-bit lengths, then JSON, then signed 16-bit mono samples:

    {"sample_rate_hz": 22050}

or `{"error": "..."}` with no samples. The program ends when its standard input ends.

A Piper voice draws random numbers as it speaks. Its model is loaded with a fixed seed, and every request is
processed in a fork of the process that loaded it, so the same request always gets the same samples. It uses one
thread, because a fork has no others.
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
    """The voice of a model file; its configuration is in the same folder."""
    with open(f"{model}.json", encoding="utf-8") as file:  # noqa: PTH123
        config = PiperConfig.from_dict(json.load(file))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    onnxruntime.set_seed(SEED)
    session = onnxruntime.InferenceSession(model, sess_options=options, providers=["CPUExecutionProvider"])
    return PiperVoice(session=session, config=config)


def speak(voice: PiperVoice, request: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    """The response to one request."""
    config = SynthesisConfig(speaker_id=request["speaker"], length_scale=voice.config.length_scale / request["rate"])
    samples = [np.zeros(0, np.int16)]
    samples += [chunk.audio_int16_array for chunk in voice.synthesize(request["text"], config)]
    return {"sample_rate_hz": voice.config.sample_rate}, np.concatenate(samples).astype("<i2").tobytes()


def write_response(out: BinaryIO, header: dict[str, Any], samples: bytes) -> None:
    """Write one response."""
    encoded = json.dumps(header).encode()
    out.write(struct.pack(">II", len(encoded), len(samples)))
    out.write(encoded)
    out.write(samples)
    out.flush()


def respond_in_fork(voice: PiperVoice, request: dict[str, Any], out: BinaryIO) -> bool:
    """Process one request in a fork; False if the fork crashed."""
    child = os.fork()
    if child == 0:
        try:
            try:
                reply = speak(voice, request)
            except Exception as error:
                reply = {"error": f"This Piper voice cannot speak this text: {error}"}, b""
            write_response(out, *reply)
            os._exit(0)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    return status == 0


def main() -> int:
    """Process requests until the input ends; returns 1 after a crash."""
    out = sys.stdout.buffer
    for line in sys.stdin.buffer:
        request = json.loads(line)
        try:
            voice = load(request["model"])
        except Exception as error:
            write_response(out, {"error": f"This Piper voice cannot be loaded: {error}"}, b"")
            continue
        if not respond_in_fork(voice, request, out):
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
