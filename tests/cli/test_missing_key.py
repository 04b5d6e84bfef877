"""A results folder made with a key is not continued by the embedded engine because the key is missing."""

import os
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest

from tests.flows.commands import InThisProcess
from tests.flows.results import file_hashes, items, short_rows, write_manifest
from tests.flows.speech_service import SpeechService

pytestmark = pytest.mark.without_prefect

_RESULTS = Path("results/book")


@pytest.fixture
def without_key(voicemill: InThisProcess, service: SpeechService) -> Iterator[SpeechService]:
    """A folder with one finished row, whose manifest now has two rows; the environment no longer names a service."""
    rows = short_rows(2)
    write_manifest(Path("book.csv"), rows[:1])
    assert voicemill("run", "book.csv").code == 0
    write_manifest(Path("book.csv"), rows)
    # Not with monkeypatch, which would set them again after the service has restored the environment.
    with mock.patch.dict(os.environ):
        del os.environ["CARTESIA_API_KEY"], os.environ["CARTESIA_BASE_URL"]
        yield service


@pytest.mark.parametrize("command", [("run", "book.csv"), ("plan", "book.csv"), ("retry", "results/book")])
def test_missing_key_stops_the_command(
    voicemill: InThisProcess, without_key: SpeechService, command: tuple[str, ...]
) -> None:
    """The command fails before any call, names the service, the variables and the option, and changes no file."""
    before = file_hashes(_RESULTS)
    ended = voicemill(*command)
    assert ended.code == 2
    message = ended.stderr + ended.stdout
    for expected in (without_key.url, "CARTESIA_BASE_URL and CARTESIA_API_KEY", "--engine embedded"):
        assert expected in message
    assert file_hashes(_RESULTS) == before


def test_engine_option_continues_with_the_embedded_engine(voicemill: InThisProcess, without_key: SpeechService) -> None:
    """With `--engine embedded` the embedded engine continues the folder, and later runs need no option."""
    assert voicemill("run", "book.csv", "--engine", "embedded").code == 0
    assert [item["status"] for item in items(_RESULTS)] == ["done", "done"]
    again = voicemill("run", "book.csv", "--json")
    assert (again.code, again.json["calls_made"]) == (0, 0)
    assert len(without_key.requested) == 1


def test_engine_option_overrides_a_key(voicemill: InThisProcess, service: SpeechService) -> None:
    """With `--engine embedded` no request goes to the service that the environment names."""
    write_manifest(Path("book.csv"), short_rows(1))
    ended = voicemill("run", "book.csv", "--engine", "embedded", "--json")
    assert (ended.code, ended.json["calls_made"], service.server.calls) == (0, 1, [])
    assert ended.json["service"].startswith("embedded/")


def test_unknown_engine_is_refused(voicemill: InThisProcess, service: SpeechService) -> None:
    """The error for another value of `--engine` names the setting and its values."""
    write_manifest(Path("book.csv"), short_rows(1))
    ended = voicemill("run", "book.csv", "--engine", "festival")
    assert (ended.code, "embedded" in ended.stderr) == (2, True)
