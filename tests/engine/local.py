"""The local engine for tests, and the mark that skips them without it."""

from pathlib import Path
from typing import Any

import pytest

from voicemill.engine.app import create_app
from voicemill.engine.choice import is_local_installed
from voicemill.engine.settings import EngineSettings

needs_local = pytest.mark.skipif(
    not is_local_installed(), reason="voicemill[local] is not installed: the natural voices were NOT tested"
)


def local_app(folder: Path, *, workers: int = 1, **settings: Any) -> Any:
    """An application of the local engine that keeps user-created voices in `folder`."""
    store = folder / "voices.sqlite"
    return create_app(EngineSettings(engine="local", workers=workers, user_voices=store, **settings))
