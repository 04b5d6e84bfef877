"""Settings that the engine reads from the environment."""

import os
from pathlib import Path


def text_from_environment(variable: str) -> str:
    """The value of a variable without surrounding space; empty when it is not set."""
    return os.environ.get(variable, "").strip()


def folder_from_environment(variable: str) -> Path | None:
    """The folder that a variable names, None when it is not set."""
    name = text_from_environment(variable)
    return Path(name).expanduser() if name else None
