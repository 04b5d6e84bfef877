"""The webhook: told how a run ended, and never a reason for a run to fail."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.commands import KEY, InThisProcess
from tests.flows.results import short_rows, write_manifest
from tests.flows.speech_service import SpeechService
from tests.hostile_server import HostileServer, Reply

_MANIFEST = Path("book.csv")


@pytest.fixture
def hook() -> Iterator[HostileServer]:
    """A service that takes what it is told."""
    with HostileServer(lambda _call: Reply(200)) as server:
        yield server


def test_the_summary_is_posted(
    voicemill: InThisProcess, service: SpeechService, hook: HostileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is named by option or by environment gets the summary as JSON, with no key and no transcript in it."""
    write_manifest(_MANIFEST, short_rows(2))
    assert voicemill("run", _MANIFEST, "--webhook", f"{hook.url}/told").code == 0
    monkeypatch.setenv("VOICEMILL_WEBHOOK", f"{hook.url}/secret-path")
    assert voicemill("run", _MANIFEST).code == 0
    first, second = hook.calls
    assert (first.method, first.path, second.path) == ("POST", "/told", "/secret-path")
    told = json.loads(first.body)
    assert (told["headline"], told["exit_code"], told["rows"]["done"]) == ("2 done of 2 rows", 0, 2)
    assert KEY.encode() not in first.body + str(first.headers).encode()
    assert b"Sentence number" not in first.body
    assert "secret-path" not in (Path("results/book") / "run.json").read_text()


@pytest.mark.parametrize("answer", [Reply(500), Reply(302, [("Location", "http://127.0.0.1:9/")])])
def test_who_does_not_listen_fails_no_run(
    voicemill: InThisProcess, service: SpeechService, hook: HostileServer, answer: Reply
) -> None:
    """A webhook that fails, or sends elsewhere, is asked once and changes nothing."""
    write_manifest(_MANIFEST, short_rows(1))
    hook.script = lambda _call: answer
    assert voicemill("run", _MANIFEST, "--webhook", hook.url).code == 0
    assert len(hook.calls) == 1


def test_nobody_is_there(voicemill: InThisProcess, service: SpeechService) -> None:
    """A webhook that cannot be reached changes nothing."""
    write_manifest(_MANIFEST, short_rows(1))
    assert voicemill("run", _MANIFEST, "--webhook", "http://127.0.0.1:9/gone").code == 0


@pytest.mark.parametrize("url", ["http://example.org/x", "https://me:word@example.org/", "ftp://localhost/", "example"])
def test_only_in_private(voicemill: InThisProcess, service: SpeechService, url: str) -> None:
    """An address that would be told in the clear is refused before anything is asked."""
    write_manifest(_MANIFEST, short_rows(1))
    ended = voicemill("run", _MANIFEST, "--webhook", url)
    assert (ended.code, "a webhook is an https address" in ended.stderr) == (2, True)
    assert service.requested == []
