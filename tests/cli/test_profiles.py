"""The profiles in `configs/`: each loads and makes files in its format."""

from pathlib import Path

import av
import pytest

from tests.flows.commands import InThisProcess
from tests.flows.results import items, violations, write_manifest
from tests.flows.speech_service import SpeechService
from voicemill.config import load_settings, profile_names

pytestmark = pytest.mark.without_prefect

_PROFILES = sorted(path.stem for path in (Path(__file__).parents[2] / "configs").glob("*.toml"))
_SECTIONS = "One paragraph.\n\nAnother one.\n\n* * *\n\nAnd a section."


def test_every_profile_is_known() -> None:
    """The profile names in an error message are the files in `configs/`."""
    assert profile_names() == _PROFILES != []


@pytest.mark.parametrize("name", [name for name in _PROFILES if load_settings(name).defaults.op == "tts"])
def test_run_with_each_profile(voicemill: InThisProcess, service: SpeechService, name: str) -> None:
    """A run with a speech profile makes audio in its format, verified by a decoder."""
    write_manifest(Path("book.csv"), [{"id": "a", "transcript": _SECTIONS}])
    ended = voicemill("run", "book.csv", "-o", "results", "--profile", name)
    assert ended.code == 0, ended.stderr
    wanted = load_settings(name).defaults
    [item] = items(Path("results"))
    with av.open(str(Path("results") / item["file_name"])) as audio:
        stream = audio.streams.audio[0]
        assert stream.rate == wanted.sample_rate
        assert audio.format.name == wanted.container
        if wanted.encoding:
            assert stream.codec_context.name == wanted.encoding
        if wanted.bit_rate:
            assert stream.bit_rate == wanted.bit_rate
    assert violations(Path("results")) == []
