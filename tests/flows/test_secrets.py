"""A key appears nowhere but in the header of a request; a text nowhere but in questions and results."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.flows.commands import InThisProcess, asking, run_process
from tests.flows.results import write_manifest
from tests.flows.speaking import SpeechService
from tests.hostile_server import Call, End, Reply
from tests.hostile_speech import said

_KEY = "sk_car_Canary+Of/The=Mine_0123456789"
_TEXT = "Whispered only to the service."


@pytest.fixture
def unkind(service: SpeechService) -> Iterator[SpeechService]:
    """A service that speaks one text, and for the others says back all that it was told, in every way of failing."""

    def back(status: int) -> Reply:
        return said(status, "Refused", f"Your key {_KEY} is odd")

    def telling(call: Call) -> Reply:
        assert call.headers["x-api-key"] == _KEY
        return service.speaker(call)

    service.instead = {
        "One.": telling,
        "Two.": back(400),
        "Three.": back(500),
        "Four.": Reply(200, [("X-Request-Id", "r")], b"no audio"),
        "Five.": Reply(302, [("Location", "http://127.0.0.1:1/")]),
        "Six.": Reply(200, end=End.HEADERS_RESET),
    }
    with asking(service.url, _KEY):
        yield service


def test_the_key_is_nowhere(voicemill: InThisProcess, unkind: SpeechService, prefect_home: str, brisk: Path) -> None:
    """After a run with every kind of ending, the key is in no file, no log, no database and no line that was said."""
    write_manifest(
        Path("book.csv"),
        [{"id": f"row-{number}", "transcript": text} for number, text in enumerate([*unkind.instead, _TEXT])],
    )
    ended = run_process("run", "book.csv", "-o", "results", "--profile", brisk)
    assert ended.code == 1
    unkind.instead = {"*": said(401, "Unauthorized", "Who?")}
    write_manifest(Path("book.csv"), [{"id": "fatal", "transcript": "Fatal."}])
    fatal = voicemill("run", "book.csv", "-o", "fatal", "--profile", brisk)
    assert fatal.code == 4
    places = {"what was said": (ended.stdout + ended.stderr + fatal.stdout + fatal.stderr).encode()}
    for folder in (Path("results"), Path("fatal"), Path(prefect_home)):
        places |= {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert any(name.endswith("prefect.db-wal") or name.endswith("prefect.db") for name in places)
    for form in _forms(_KEY):
        assert [name for name, content in places.items() if form in content] == []
    texts = [name for name, content in places.items() if _TEXT.encode() in content]
    assert [name for name in texts if name.startswith(prefect_home)] == []
    assert "what was said" not in texts


def test_run_json_tells_all_but_secrets(voicemill: InThisProcess, service: SpeechService) -> None:
    """`run.json` has the settings, the versions and how it ended, and no key."""
    write_manifest(Path("book.csv"), [{"id": "a", "transcript": "One."}])
    with asking(service.url, _KEY):
        assert voicemill("run", "book.csv", "-o", "results").code == 0
    text = Path("results/run.json").read_text()
    assert _KEY not in text
    about = json.loads(text)
    assert about["settings"]["pace"]["max_concurrency"] == 100
    assert about["summary"]["rows"]["done"] == about["manifest"]["rows"] == 1
    assert set(about["versions"]) >= {"voicemill", "prefect", "httpx", "pandas", "python"}


def _forms(secret: str) -> list[bytes]:
    """A secret as it is, and as it may look in an address, in JSON, in Base64, and cut in half."""
    plain = secret.encode()
    encoded = [base64.b64encode(b"x" * shift + plain)[4 * bool(shift) : -4] for shift in range(3)]
    half = len(plain) // 2
    return [
        plain,
        quote(secret, safe="").encode(),
        json.dumps(secret)[1:-1].encode(),
        *encoded,
        plain[:half],
        plain[half:],
    ]
