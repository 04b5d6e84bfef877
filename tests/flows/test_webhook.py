"""The webhook: it receives the summary of a run and never makes a run fail."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.commands import KEY, InThisProcess
from tests.flows.results import short_rows, write_manifest
from tests.flows.speech_service import SpeechService
from tests.hostile_server import HostileServer, Reply

pytestmark = pytest.mark.without_prefect

_MANIFEST = Path("book.csv")


@pytest.fixture
def hook() -> Iterator[HostileServer]:
    """A service that accepts every request."""
    with HostileServer(lambda _call: Reply(200)) as server:
        yield server


def test_summary_is_posted(
    voicemill: InThisProcess, service: SpeechService, hook: HostileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The URL from the option or the environment receives the summary as JSON, without key or transcripts."""
    write_manifest(_MANIFEST, short_rows(2))
    assert voicemill("run", _MANIFEST, "--webhook", f"{hook.url}/summary").code == 0
    monkeypatch.setenv("VOICEMILL_WEBHOOK", f"{hook.url}/secret-path")
    assert voicemill("run", _MANIFEST).code == 0
    first, second = hook.calls
    assert (first.method, first.path, second.path) == ("POST", "/summary", "/secret-path")
    summary = json.loads(first.body)
    assert (summary["headline"], summary["exit_code"], summary["rows"]["done"]) == ("2 done of 2 rows", 0, 2)
    assert KEY.encode() not in first.body + str(first.headers).encode()
    assert b"Sentence number" not in first.body
    assert "secret-path" not in (Path("results/book") / "run.json").read_text()


@pytest.mark.parametrize("reply", [Reply(500), Reply(302, [("Location", "http://127.0.0.1:9/")])])
def test_failing_webhook_does_not_fail_the_run(
    voicemill: InThisProcess, service: SpeechService, hook: HostileServer, reply: Reply
) -> None:
    """A webhook that fails or redirects receives one request, and the run succeeds."""
    write_manifest(_MANIFEST, short_rows(1))
    hook.script = lambda _call: reply
    assert voicemill("run", _MANIFEST, "--webhook", hook.url).code == 0
    assert len(hook.calls) == 1


def test_unreachable_webhook_does_not_fail_the_run(voicemill: InThisProcess, service: SpeechService) -> None:
    """A run succeeds although its webhook cannot be reached."""
    write_manifest(_MANIFEST, short_rows(1))
    assert voicemill("run", _MANIFEST, "--webhook", "http://127.0.0.1:9/gone").code == 0


@pytest.mark.parametrize("url", ["http://example.org/x", "https://me:word@example.org/", "ftp://localhost/", "example"])
def test_insecure_webhook_is_refused(voicemill: InThisProcess, service: SpeechService, url: str) -> None:
    """A URL that would receive the summary unencrypted is refused before any call is made."""
    write_manifest(_MANIFEST, short_rows(1))
    result = voicemill("run", _MANIFEST, "--webhook", url)
    assert (result.code, "a webhook must be an https URL" in result.stderr) == (2, True)
    assert url not in result.stderr
    assert service.requested == []
