"""What pages promise about the files that their commands write, checked after the commands have run."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np
import pytest

from tests.audio.recordings import native
from tests.audio.test_video import pictures
from tests.docs.pages import DOCS
from tests.flows.results import items

_RECORDINGS: Final = DOCS / "recordings.md"
_TRANSCRIPTS: Final = DOCS / "transcripts.md"
_GAP_S: Final = (2.6, 4.9)
"""The passage that `data/patches.csv` replaces."""


def _transcripts() -> None:
    """Subtitles of generated speech are shown exactly; those of a transcript begin as shown."""
    text = _TRANSCRIPTS.read_text(encoding="utf-8")
    subtitles = re.findall(r"`(results/[^`]+\.srt)`:\n\n```srt\n(.*?)```", text, re.DOTALL)
    assert len(subtitles) == 2
    for name, shown in subtitles:
        made = Path(name).read_text(encoding="utf-8")
        assert made == shown if "timed" in name else made.startswith("1\n00:00:00,")


def _recordings() -> None:
    """The named files and no others exist; recordings keep their length, the video its track, the rest its samples."""
    made = {path.relative_to(path.parents[1]).as_posix() for path in Path("results").glob("*/audio/*")}
    assert made == set(re.findall(r"`(audio/[\w.]+)`", _RECORDINGS.read_text(encoding="utf-8")))
    harbour, video = (native(Path(f"data/revoice/{name}")) for name in ("harbour.flac", "lighthouse.mp4"))
    [converted, converted_video] = items(Path("results/revoice"))
    assert converted["duration_s"] == pytest.approx(len(harbour) / 24_000, abs=1e-4)
    assert converted_video["duration_s"] == pytest.approx(len(video) / 24_000, abs=0.01)
    assert pictures(Path("results/revoice/audio/lighthouse.mp4")) == pictures(Path("data/revoice/lighthouse.mp4"))
    _assert_only_the_gap_differs()


def _assert_only_the_gap_differs() -> None:
    old, new = native(Path("data/patches/chapter.flac")), native(Path("results/patches/audio/chapter.flac"))
    same_s = int(np.argmax(old[: len(new)] != new[: len(old)])) / 24_000
    assert _GAP_S[0] - 0.15 <= same_s <= _GAP_S[0] + 0.15 + 0.01
    after = round((len(old) / 24_000 - _GAP_S[1] - 0.15) * 24_000)
    assert np.array_equal(old[-after:], new[-after:])


ASSERTIONS: Final[Mapping[Path, Callable[[], None]]] = MappingProxyType(
    {_TRANSCRIPTS: _transcripts, _RECORDINGS: _recordings}
)
"""By page: asserts its promises in the working folder, where the commands of the page have run."""
