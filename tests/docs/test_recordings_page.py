"""The page on voice conversion and infill shows the sample manifests and the default settings."""

import re

from tests.docs.pages import DOCS, ROOT, blocks
from voicemill.config import LongAudio

_PAGE = DOCS / "recordings.md"
_TEXT = _PAGE.read_text(encoding="utf-8")


def test_the_manifests_are_those_in_data() -> None:
    """The page shows the sample manifests unchanged."""
    shown = [block.text for block in blocks(_PAGE) if block.kind == "csv"]
    assert shown == [(ROOT / "data" / name).read_text(encoding="utf-8") for name in ("revoice.csv", "patches.csv")]


def test_the_settings_are_the_defaults() -> None:
    """Each setting is shown with its default value."""
    [shown] = [block.text for block in blocks(_PAGE) if block.kind == "toml"]
    found = {name: float(value) for name, value in re.findall(r"^(\w+) = (\d+)", shown, re.MULTILINE)}
    assert found == LongAudio().model_dump()
