"""A results folder of an earlier version, unpacked, and a count of the requests that the embedded engine gets."""

import json
import tarfile
from pathlib import Path

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.compatibility.earlier import Earlier, Requests
from tests.flows.conftest import voicemill
from voicemill.engine import app as engine_app

__all__ = ["earlier", "requests", "voicemill"]

_ARCHIVE = Path(__file__).with_name("results_folder.tar.xz")


@pytest.fixture
def earlier(tmp_path: Path) -> Earlier:
    """The unpacked archive that `make_folder.py` created with commit 56a6860."""
    with tarfile.open(_ARCHIVE) as packed:
        packed.extractall(tmp_path, filter="tar")  # "data" drops the modes of folders
    return Earlier(tmp_path, json.loads((tmp_path / "made.json").read_text()))


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> Requests:
    """The method and path of each HTTP request to an embedded engine that starts during the test."""
    seen = Requests()
    create_app = engine_app.create_app

    class Counting:
        def __init__(self, app: ASGIApp) -> None:
            self._app = app

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http":
                seen.append((scope["method"], scope["path"]))
            await self._app(scope, receive, send)

    def counted(*arguments: object, **options: object) -> object:
        app = create_app(*arguments, **options)  # type: ignore[arg-type]
        app.add_middleware(Counting)
        return app

    monkeypatch.setattr(engine_app, "create_app", counted)
    return seen
