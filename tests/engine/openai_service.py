"""An OpenAI-compatible speech server for tests."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np

from tests.engine.requests import RATE_HZ
from tests.engine.wav_files import wav_of


class _Server(BaseHTTPRequestHandler):
    """The two paths of the API: speech is a tone per character, a transcript says how long the recording is."""

    def do_POST(self) -> None:
        """Answer one request; a wrong key is a 401, a full queue a 429."""
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.paths.append(self.path)  # type: ignore[attr-defined]
        if self.headers.get("authorization") != "Bearer secret":
            self._answer(401, "application/json", b'{"error": {"message": "wrong key"}}')
        elif self.path == "/v1/audio/speech":
            sent = json.loads(body)
            if sent["input"].startswith("Busy"):
                self._answer(429, "application/json", b'{"error": {"message": "queue is full"}}')
            else:
                self._answer(200, "audio/wav", wav(0.05 * len(sent["input"]) / sent["speed"]))
        else:
            words = [{"word": "hello", "start": 0.1, "end": 0.4}]
            segments = [{"avg_logprob": -2.0, "no_speech_prob": 0.9, "compression_ratio": 3.0}]
            answer = {"text": "Hello.", "language": "english", "words": words, "segments": segments}
            self._answer(200, "application/json", json.dumps(answer).encode())

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Stay silent."""


def wav(seconds: float) -> bytes:
    """A tone as a WAV file."""
    samples = 0.3 * np.sin(2 * np.pi * 300 * np.arange(int(RATE_HZ * seconds)) / RATE_HZ)
    return wav_of(samples, RATE_HZ)


@contextmanager
def serving() -> Iterator[tuple[str, list[str]]]:
    """A running server: its address, and the paths that are called at it."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Server)
    server.paths = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", server.paths  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
