"""The hostile server as a separate process: other tests rely on its record."""

import json
import signal
import socket
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.hostile_server import HostileServer
from tests.hostile_speech import SARAH, Speaker, speech_for

ROOT = Path(__file__).parents[1]
FORMAT = {"container": "wav", "sample_rate": 8000, "encoding": "pcm_s16le"}


def request_body(transcript: str) -> dict[str, Any]:
    """A request to `/tts/bytes`."""
    return {"model_id": "sonic-2", "transcript": transcript, "voice": {"id": SARAH}, "output_format": FORMAT}


def test_server_prints_its_port_responds_and_logs(tmp_path: Path) -> None:
    """The server returns voices, speech that depends on the transcript, and logs the start and end of every request."""
    log = tmp_path / "calls.jsonl"
    command = [sys.executable, "-m", "tests.hostile_server", "--latency", "0.05", "--log", str(log)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        url = f"http://127.0.0.1:{int(process.stdout.readline())}"
        with httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
            assert {voice["id"] for voice in client.get("/voices/").json()["data"]} >= {SARAH}
            assert client.get("/").json()["ok"]
            assert client.post("/tts/bytes", json=request_body("Hello.")).content == speech_for("Hello.", 8000)
        process.send_signal(signal.SIGTERM)
    assert process.returncode == 0
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert Counter(line["event"] for line in lines) == {"start": 3, "end": 3}
    start, end = (line for line in lines if line["path"] == "/tts/bytes")
    assert (start["transcript"], start["sent_whole"], end["sent_whole"]) == ("Hello.", False, True)
    assert end["t"] - start["t"] >= 0.05


@pytest.mark.parametrize("rate", [0.0, 0.3, 1.0])
def test_faults_depend_on_the_request_and_not_on_the_order(rate: float) -> None:
    """The same seed makes the same attempts of the same requests faulty, at about the given rate."""
    from tests.hostile_server import Call

    def call(text: str) -> Call:
        return Call(1, 1, "POST", "/tts/bytes", {}, json.dumps(request_body(text)).encode(), 1, 0.0)

    texts = [f"Text {number}." for number in range(400)]
    first, second = Speaker(fault_rate=rate, seed=4), Speaker(fault_rate=rate, seed=4)
    assert [first(call(text)) for text in texts] == [second(call(text)) for text in reversed(texts)][::-1]
    assert first.faults == second.faults
    assert sum(first.faults.values()) == pytest.approx(400 * rate, abs=40)


def test_settle_waits_for_closed_connections() -> None:
    """After `settle`, the requests of closed connections are recorded."""
    with HostileServer(Speaker()) as server:
        for number in range(50):
            with socket.create_connection(("127.0.0.1", server.port)) as gone:
                gone.sendall(b"GET /%d HTTP/1.1\r\n\r\n" % number)
            server.settle()
            assert server.calls[-1].path == f"/{number}"
