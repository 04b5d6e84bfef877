"""The page on transcripts shows real subtitles and lists every format and setting."""

import re
import shlex
import shutil
from pathlib import Path

import pytest

from tests.docs.pages import DOCS, ROOT, all_commands, blocks
from tests.flows.commands import InThisProcess
from voicemill.config import Subtitles
from voicemill.model import TEXT_FORMATS
from voicemill.pipeline.export import FORMATS

pytestmark = pytest.mark.without_prefect

_PAGE = DOCS / "transcripts.md"
_TEXT = _PAGE.read_text(encoding="utf-8")
_SUBTITLES = re.findall(r"`(results/[^`]+\.srt)`:\n\n```srt\n(.*?)```", _TEXT, re.DOTALL)


def test_the_subtitles_are_those_of_the_run(voicemill: InThisProcess, tmp_path: Path) -> None:
    """Subtitles of generated speech are shown exactly; those of a transcript begin as shown."""
    shutil.copytree(ROOT / "data", tmp_path / "data")
    for block in blocks(_PAGE):
        if block.file:
            Path(block.file).write_text(block.text, encoding="utf-8")
    for command in all_commands(_PAGE):
        assert voicemill(*shlex.split(command.line)[1:]).code == 0
    assert len(_SUBTITLES) == 2
    for name, shown in _SUBTITLES:
        made = Path(name).read_text(encoding="utf-8")
        assert made == shown if "timed" in name else made.startswith("1\n00:00:00,")


def test_every_format_and_setting_is_listed() -> None:
    """The page names each text format, export format and subtitle setting."""
    words = set(re.findall(r"`([\w.]+)`", _TEXT))
    assert set(TEXT_FORMATS) | set(FORMATS) | set(Subtitles.model_fields) <= words
