"""A separate program: a Kokoro model behind a pipe. It imports nothing from voicemill.

    python -I kokoro_process.py

Each line on standard input is one request in JSON, with the ids of the phonemes:

    {"model": "/path/kokoro.onnx", "voices": "/path/voices.bin", "voice": "af_heart", "ids": [43, 16], "speed": 1.0}

Each response on standard output is two big-endian 32-bit lengths, then JSON, then signed 16-bit mono samples:

    {"sample_rate_hz": 24000}

or `{"error": "..."}` with no samples. The program ends when its standard input ends.

A Kokoro model may use random numbers. It is loaded with a fixed seed, and every request is processed in a fork of the
process that loaded it, so the same request always gets the same samples. It uses one thread, because a fork has no
others.
"""

import json
import os
import struct
import sys
from functools import cache
from typing import Any, BinaryIO

import numpy as np
import onnxruntime
from numpy.typing import NDArray

RATE_HZ = 24_000
SEED = 1
PADDING_ID = 0


@cache
def load(model: str) -> Any:  # noqa: ANN401 - onnxruntime has no types
    """The session of a model file."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    onnxruntime.set_seed(SEED)
    return onnxruntime.InferenceSession(model, sess_options=options, providers=["CPUExecutionProvider"])


@cache
def load_styles(voices: str, voice: str) -> NDArray[np.float32]:
    """The style vectors of a voice, one for each number of phonemes."""
    with np.load(voices) as styles:
        style: NDArray[np.float32] = styles[voice].astype(np.float32)
    return style.reshape(style.shape[0], -1)


def speak(session: Any, request: dict[str, Any]) -> tuple[dict[str, Any], bytes]:  # noqa: ANN401
    """The response to one request. Exports of the model differ in the names and types of their inputs."""
    ids, styles = request["ids"], load_styles(request["voices"], request["voice"])
    values = {
        "style": styles[min(len(ids), len(styles) - 1)][None, :],
        "speed": np.array([request["speed"]], np.float32),
    }
    inputs = {}
    for wanted in session.get_inputs():
        value = values.get(wanted.name, np.array([[PADDING_ID, *ids, PADDING_ID]], np.int64))
        inputs[wanted.name] = value.astype(np.int32) if wanted.type == "tensor(int32)" else value
    audio = np.asarray(session.run(None, inputs)[0], np.float32).reshape(-1)
    samples = (np.clip(np.nan_to_num(audio), -1.0, 1.0) * 32767).astype("<i2")
    return {"sample_rate_hz": RATE_HZ}, samples.tobytes()


def write_response(out: BinaryIO, header: dict[str, Any], samples: bytes) -> None:
    """Write one response."""
    encoded = json.dumps(header).encode()
    out.write(struct.pack(">II", len(encoded), len(samples)))
    out.write(encoded)
    out.write(samples)
    out.flush()


def respond_in_fork(session: Any, request: dict[str, Any], out: BinaryIO) -> bool:  # noqa: ANN401
    """Process one request in a fork; False if the fork crashed."""
    child = os.fork()
    if child == 0:
        try:
            try:
                response = speak(session, request)
            except Exception as error:
                response = {"error": f"This Kokoro voice cannot speak this text: {error}"}, b""
            write_response(out, *response)
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
            session = load(request["model"])
            load_styles(request["voices"], request["voice"])
        except Exception as error:
            write_response(out, {"error": f"This Kokoro voice cannot be loaded: {error}"}, b"")
            continue
        if not respond_in_fork(session, request, out):
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
