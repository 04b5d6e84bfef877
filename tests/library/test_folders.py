"""`voicemill.verify` and `voicemill.export`: results folders, without a call."""

from pathlib import Path

import pytest

import voicemill
from tests.flows.results import write_manifest
from tests.flows.speech_service import SpeechService


@pytest.fixture
def results(service: SpeechService, tmp_path: Path) -> Path:
    """A finished results folder with word timestamps."""
    manifest = write_manifest(tmp_path / "book.csv", [{"id": "a", "text": "Hello there."}])
    assert voicemill.run(manifest, tmp_path / "results", timestamps=True).ok
    return tmp_path / "results"


def test_verify_finds_a_changed_file(results: Path) -> None:
    """An intact folder has no violations; a changed file is one."""
    assert voicemill.verify(results) == []
    with (results / "audio/a.wav").open("ab") as file:
        file.write(b"x")
    assert [violation.is_note for violation in voicemill.verify(results)] == [False]


def test_export_writes_subtitles(results: Path) -> None:
    """Formats are given as text or as a list; an unknown one is an error."""
    exported = voicemill.export(results, "srt,vtt")
    assert exported.files == 2
    assert "Hello there." in (results / "text/a.srt").read_text(encoding="utf-8")
    assert voicemill.export(results, ["json"], results.parent / "elsewhere").files == 1
    with pytest.raises(voicemill.ConfigError, match="docx"):
        voicemill.export(results, "docx")


@pytest.mark.parametrize("call", [voicemill.verify, lambda folder: voicemill.export(folder, "srt")])
def test_other_folders_are_refused(call: object, tmp_path: Path) -> None:
    """A folder that no run made is an error that says so."""
    with pytest.raises(voicemill.ConfigError, match="not a results folder"):
        call(tmp_path)  # type: ignore[operator]
