"""A recording that changes between its check and its upload is refused."""

from pathlib import Path

import pytest

from tests.manifest.sources.archives import recording
from voicemill.audio.inspection import Inspector
from voicemill.errors import Refused
from voicemill.model import Clip
from voicemill.pipeline.audio_uploads import recognition_upload


@pytest.fixture
def clip(tmp_path: Path) -> Clip:
    """A complete recording as it was checked."""
    with Inspector() as inspect:
        return inspect(recording(tmp_path / "a.wav")).clip()


async def test_unchanged_recording_is_sent(clip: Clip) -> None:
    """An unchanged recording is sent directly from its file."""
    async with recognition_upload(clip) as path:
        assert path == Path(clip.path)


async def test_changed_recording_is_not_sent(clip: Clip) -> None:
    """A recording that changed after the check is refused before it is sent."""
    recording(Path(clip.path), seconds=0.5)
    with pytest.raises(Refused, match="changed after it was checked") as refused:
        async with recognition_upload(clip):
            pytest.fail("it was sent")
    assert refused.value.code == "changed"


async def test_answer_to_a_changed_recording_is_not_stored(clip: Clip) -> None:
    """A recording that changes during its upload is refused before the answer is stored."""
    with pytest.raises(Refused, match="changed after it was checked"):
        async with recognition_upload(clip) as path:
            recording(path, seconds=0.5)


async def test_segment_of_a_changed_recording_is_not_sent(clip: Clip) -> None:
    """A segment is only cut from the recording that was checked."""
    recording(Path(clip.path), seconds=0.5)
    segment = Clip(clip.sha256, 0.1, 0.2, clip.path, 0.1, clip.state)
    with pytest.raises(Refused, match="changed"):
        async with recognition_upload(segment):
            pytest.fail("it was sent")
