"""Object stores: inputs from and results to an S3 server."""

from collections.abc import Iterator
from pathlib import Path

import fsspec  # type: ignore[import-untyped]
import pytest

from tests.flows.commands import InThisProcess
from tests.flows.results import file_hashes, write_manifest
from tests.manifest.sources.archives import recording
from tests.s3_server import s3_server
from voicemill.audio.inspection.unlistenable import Unlistenable
from voicemill.config import Inputs
from voicemill.pipeline.fetch_inputs import Fetch

pytestmark = [
    pytest.mark.without_prefect,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning"),
]


@pytest.fixture(scope="module")
def s3_url() -> Iterator[str]:
    """The address of an S3 server."""
    with s3_server() as address:
        yield address


@pytest.fixture
def bucket(s3_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A bucket on that server, with the usual S3 environment variables."""
    for name, value in {"ACCESS_KEY_ID": "k", "SECRET_ACCESS_KEY": "s", "DEFAULT_REGION": "us-east-1"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_url)
    fsspec.filesystem("s3", skip_instance_cache=True).makedirs("archive", exist_ok=True)
    return "s3://archive"


def test_inputs_come_from_allowed_buckets(bucket: str, tmp_path: Path) -> None:
    """An object is downloaded once from an allowed bucket; other buckets, missing and large objects are refused."""
    content = recording(tmp_path / "a.wav").read_bytes()
    fsspec.filesystem("s3", skip_instance_cache=True).pipe_file("archive/a.wav", content)
    refusing = Fetch.into(tmp_path / "inputs", Inputs())
    with pytest.raises(Unlistenable, match="--allow-host s3://archive"):
        refusing(f"{bucket}/a.wav")
    fetch = Fetch.into(tmp_path / "inputs", Inputs(allow_hosts=(bucket,)))
    assert fetch(f"{bucket}/a.wav").read_bytes() == content
    with pytest.raises(Unlistenable, match="cannot be downloaded"):
        fetch(f"{bucket}/gone.wav")
    small = Fetch.into(tmp_path / "others", Inputs(allow_hosts=(bucket,), max_bytes=1024))
    with pytest.raises(Unlistenable, match="larger than 1,024 bytes"):
        small(f"{bucket}/a.wav")


def test_results_are_copied_once(bucket: str, voicemill: InThisProcess) -> None:
    """All delivered files are copied once; after an edit only changed files are copied."""
    rows = [{"id": row_id, "transcript": f"{row_id}.", "sample_rate": 8000} for row_id in ("one", "two")]
    voicemill("run", write_manifest(Path("book.csv"), rows), "-o", "results")
    target = f"{bucket}/books/one"
    assert " files to " in voicemill("copy", "results", target).stdout
    store = fsspec.filesystem("s3", skip_instance_cache=True)
    there = {name.removeprefix("archive/books/one/"): store.cat_file(name) for name in store.find("archive/books/one")}
    delivered = [name for name in file_hashes(Path("results")) if not name.startswith("answers/")]
    count = len(delivered)
    assert there == {name: Path("results", name).read_bytes() for name in delivered}
    assert f"Copied 0 of {count}" in voicemill("copy", "results", target).stdout
    rows[1]["transcript"] = "Three."
    voicemill("run", write_manifest(Path("book.csv"), rows), "-o", "results")
    assert f"Copied 0 of {count}" not in voicemill("copy", "results", target).stdout
    assert store.cat_file("archive/books/one/audio/two.wav") == Path("results/audio/two.wav").read_bytes()
    assert voicemill("copy", "results", "elsewhere").code == 2
