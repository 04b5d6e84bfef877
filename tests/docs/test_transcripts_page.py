"""The page on transcripts lists every format and setting."""

import re

from tests.docs.pages import DOCS
from voicemill.config import Subtitles
from voicemill.model import TEXT_FORMATS
from voicemill.pipeline.export import FORMATS

_TEXT = (DOCS / "transcripts.md").read_text(encoding="utf-8")


def test_every_format_and_setting_is_listed() -> None:
    """The page names each text format, export format and subtitle setting."""
    words = set(re.findall(r"`([\w.]+)`", _TEXT))
    assert set(TEXT_FORMATS) | set(FORMATS) | set(Subtitles.model_fields) <= words
