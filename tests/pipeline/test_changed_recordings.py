"""A recording that changes between its check and its upload is never taken for what it was."""

from pathlib import Path

import pytest

from tests.manifest.sources.archives import recording
from voicemill.audio.inspection import Inspector
from voicemill.errors import Refused
from voicemill.model import Clip
from voicemill.pipeline.audio_uploads import recognition_upload


@pytest.fixture
def clip(tmp_path: Path) -> Clip:
    """A whole recording as it was checked."""
    with Inspector() as inspect:
        return inspect(recording(tmp_path / "a.wav")).clip()


async def test_one_that_is_as_it_was_is_sent(clip: Clip) -> None:
    """What did not change is sent from its own place."""
    async with recognition_upload(clip) as path:
        assert path == Path(clip.path)


async def test_one_that_changed_is_not_sent(clip: Clip) -> None:
    """What changed after the check is refused before it is sent."""
    recording(Path(clip.path), seconds=0.5)
    with pytest.raises(Refused, match="changed after it was checked") as refused:
        async with recognition_upload(clip):
            pytest.fail("it was sent")
    assert refused.value.code == "changed"


async def test_an_answer_to_one_that_changes_is_not_kept(clip: Clip) -> None:
    """What changes while it is sent is refused before the answer could be kept."""
    with pytest.raises(Refused, match="changed after it was checked"):
        async with recognition_upload(clip) as path:
            recording(path, seconds=0.5)


async def test_a_stretch_of_one_that_changed_is_not_sent(clip: Clip) -> None:
    """A stretch is cut from what was checked or not at all."""
    recording(Path(clip.path), seconds=0.5)
    stretch = Clip(clip.sha256, 0.1, 0.2, clip.path, 0.1, clip.state)
    with pytest.raises(Refused, match="changed"):
        async with recognition_upload(stretch):
            pytest.fail("it was sent")
