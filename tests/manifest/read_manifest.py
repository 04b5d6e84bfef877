"""Check a manifest through `ManifestCheck`, as a run does."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from voicemill.audio.inspection import Inspector
from voicemill.config import load_settings
from voicemill.errors import ManifestError, Problem
from voicemill.manifest import ManifestCheck, VoiceDirectory
from voicemill.model import Row, Voice

ANNA = Voice("694f9389-aac1-45b6-b726-9d9369183238", "Anna", "en", "warm")
BERTA = Voice("2b568345-1d48-4047-b25f-7baccf842eb0", "Berta", "de")
TWINS = (Voice("11111111-aaaa-4000-8000-000000000001", "Gemini", "en"), Voice("22222222-bbbb", "gemini", "fr"))
INSPECT = Inspector()
VOICES = VoiceDirectory([ANNA, BERTA, *TWINS])


@dataclass(frozen=True)
class Read:
    """The result of a check."""

    rows: list[Row]
    check: ManifestCheck

    @property
    def problems(self) -> list[Problem]:
        """The problems."""
        return self.check.problems

    @property
    def row(self) -> Row:
        """The only row."""
        assert len(self.rows) == 1
        return self.rows[0]


def read(source: str | Path, voices: VoiceDirectory = VOICES, **defaults: Any) -> Read:
    """Iterate over a whole manifest, with `defaults` for empty cells."""
    check = ManifestCheck(source, load_settings(defaults=defaults), voices, INSPECT)
    return Read(list(check), check)


def read_good(source: str | Path, **defaults: Any) -> Read:
    """As `read`, for a manifest that has no problems."""
    found = read(source, **defaults)
    found.check.raise_if_bad()
    assert found.problems == []
    return found


def refused(source: str | Path, **defaults: Any) -> ManifestError:
    """The error of a bad manifest, raised while it is read or afterwards."""
    with pytest.raises(ManifestError) as caught:
        read(source, **defaults).check.raise_if_bad()
    return caught.value


def written(folder: Path, content: str | bytes, name: str = "manifest.csv") -> Path:
    """A manifest file with that content."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path
