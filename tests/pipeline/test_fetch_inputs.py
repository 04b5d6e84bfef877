"""URLs as inputs in manifests: refused unless their host is allowed, and downloaded once."""

import hashlib
from pathlib import Path
from typing import BinaryIO
from unittest import mock

import pytest

from tests.manifest.read_manifest import INSPECT, VOICES, written
from tests.manifest.sources.archives import recording
from voicemill.cartesia.downloads import Download, Downloader
from voicemill.config import Inputs, Settings
from voicemill.manifest import ManifestCheck
from voicemill.pipeline.fetch_inputs import Fetch

ADDRESS = "https://files.example.org/talk.wav"


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """A manifest with the same URL in two rows."""
    return written(tmp_path, f"id,op,audio\na,stt,{ADDRESS}\nb,stt,{ADDRESS}\n")


def test_urls_are_refused_by_default(manifest: Path, tmp_path: Path) -> None:
    """A URL whose host is not allowed is a problem of the manifest, with the way to allow it."""
    check = ManifestCheck(manifest, Settings(), VOICES, INSPECT, Fetch.into(tmp_path / "inputs", Inputs()))
    assert list(check) == []
    assert [(found.row, found.column) for found in check.problems] == [(1, "audio"), (2, "audio")]
    assert "--allow-host files.example.org" in check.problems[0].why
    assert not (tmp_path / "inputs").exists()


def test_url_is_downloaded_once(manifest: Path, tmp_path: Path) -> None:
    """A download is stored by its content, reported by its URL, and not repeated by a later run."""
    content = recording(tmp_path / "talk.wav").read_bytes()

    def download(_: Downloader, url: str, file: BinaryIO) -> Download:
        assert url == ADDRESS
        file.write(content)
        return Download(hashlib.sha256(content).hexdigest(), len(content))

    inputs = Inputs(allow_hosts=("Files.example.org",))
    with mock.patch.object(Downloader, "download", autospec=True, side_effect=download) as downloads:
        for _ in range(2):
            check = ManifestCheck(manifest, Settings(), VOICES, INSPECT, Fetch.into(tmp_path / "inputs", inputs))
            rows = list(check)
            recordings = [recording for row in rows for recording in row.source.recordings]
            assert [(one.name, one.duration_s) for one in recordings] == [(ADDRESS, 0.25)] * 2
            assert Path(recordings[0].path).name == recordings[0].sha256
    assert downloads.call_count == 1
