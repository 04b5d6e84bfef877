"""A separate program: espeak-ng behind a pipe. It imports nothing from voicemill.

    python -I -S espeak_process.py <libespeak-ng> <folder that holds espeak-ng-data>

Each line on standard input is one request in JSON:

    {"text": "...", "voice": "gmw/en-US+klatt4", "rate_wpm": 175, "pitch": 50, "range": 50, "volume": 50}

An optional `seed` sets the noise of some voices. With `"has_phonemes": true`, what is in double square brackets is
phonemes in espeak-ng's notation.

Each response on standard output is two big-endian 32-bit lengths, then JSON, then signed 16-bit mono samples:

    {"sample_rate_hz": 22050, "words": [[text_position, length, sample], ...], "phonemes": [["h", sample], ...]}

or `{"error": "..."}` with no samples. The program ends when its standard input ends.

espeak-ng keeps its state in globals and is neither thread-safe nor repeatable: the second synthesis of a sentence
in one process differs from the first, and the breath of some voices is noise, seeded with the time at its start. So
the library is initialised and seeded once, and every request is processed in a fork. The same request then always
gives the same samples.
"""

import ctypes
import json
import os
import struct
import sys
from typing import Any, BinaryIO

SYNCHRONOUS_OUTPUT = 2
SEED = 1
PHONEME_EVENTS, IPA_NAMES, NEVER_EXIT = 0x0001, 0x0002, 0x8000
UTF8_TEXT, PHONEMES, END_PAUSE = 0x0001, 0x0100, 0x1000
RATE, VOLUME, PITCH, RANGE = 1, 2, 3, 4
END_OF_EVENTS, WORD, PHONEME = 0, 1, 7


class _EventId(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _EventId),
    )


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.POINTER(_Event))


def load(library_path: str, data_folder: str) -> tuple[ctypes.CDLL, int]:
    """The initialised library and its sample rate in Hz."""
    # espeak-ng truncates the path of its data at 160 bytes, so this process enters the folder and passes ".".
    os.chdir(data_folder)
    library = ctypes.CDLL(library_path)
    sample_rate_hz = library.espeak_Initialize(SYNCHRONOUS_OUTPUT, 0, b".", PHONEME_EVENTS | IPA_NAMES | NEVER_EXIT)
    if sample_rate_hz <= 0:
        raise SystemExit(f"espeak-ng found no usable data in {data_folder}")
    library.espeak_ng_SetRandSeed(ctypes.c_long(SEED))
    return library, sample_rate_hz


def speak(library: ctypes.CDLL, sample_rate_hz: int, request: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    """The response to one request: words, phonemes and samples."""
    if library.espeak_SetVoiceByName(request["voice"].encode()) != 0:
        return {"error": f"espeak-ng has no voice {request['voice']!r}"}, b""
    for parameter, name in ((RATE, "rate_wpm"), (PITCH, "pitch"), (RANGE, "range"), (VOLUME, "volume")):
        library.espeak_SetParameter(parameter, int(request[name]), 0)
    words: list[tuple[int, int, int]] = []
    phonemes: list[tuple[str, int]] = []
    blocks: list[bytes] = []

    def receive(samples: int | None, count: int, events: Any) -> int:  # noqa: ANN401 - a ctypes pointer
        if samples and count > 0:
            blocks.append(ctypes.string_at(samples, count * 2))
        index = 0
        while events[index].type != END_OF_EVENTS:
            event = events[index]
            if event.type == WORD:
                words.append((event.text_position, event.length, event.sample))
            elif event.type == PHONEME:
                phonemes.append((event.id.string.decode(errors="replace"), event.sample))
            index += 1
        return 0

    if "seed" in request:
        library.espeak_ng_SetRandSeed(ctypes.c_long(request["seed"]))
    callback = _Callback(receive)
    library.espeak_SetSynthCallback(callback)
    text = request["text"].encode() + b"\0"
    flags = UTF8_TEXT | END_PAUSE | (PHONEMES if request.get("has_phonemes") else 0)
    status = library.espeak_Synth(text, ctypes.c_size_t(len(text)), 0, 1, 0, flags, None, None)
    library.espeak_Synchronize()
    if status != 0:
        return {"error": f"espeak-ng could not speak this text (status {status})"}, b""
    return {"sample_rate_hz": sample_rate_hz, "words": words, "phonemes": phonemes}, b"".join(blocks)


def write_response(out: BinaryIO, header: dict[str, Any], samples: bytes) -> None:
    """Write one response."""
    encoded = json.dumps(header).encode()
    out.write(struct.pack(">II", len(encoded), len(samples)))
    out.write(encoded)
    out.write(samples)
    out.flush()


def respond_in_fork(library: ctypes.CDLL, sample_rate_hz: int, line: bytes, out: BinaryIO) -> bool:
    """Process one request in a fork; False if the fork crashed."""
    child = os.fork()
    if child == 0:
        try:
            write_response(out, *speak(library, sample_rate_hz, json.loads(line)))
            os._exit(0)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    return status == 0


def main(library_path: str, data_folder: str) -> int:
    """Process requests until the input ends; returns 1 after a crash of the library."""
    library, sample_rate_hz = load(library_path, data_folder)
    out = sys.stdout.buffer
    for line in sys.stdin.buffer:
        if not respond_in_fork(library, sample_rate_hz, line, out):
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
