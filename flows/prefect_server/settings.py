"""Read the user's Prefect settings and set those of a run, without the two seconds that `import prefect` takes."""

import logging
import os
import sys
import tomllib
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from dotenv import dotenv_values

QUIET_SETTINGS = {
    # Only the console handlers of Prefect's logging.yml; the handlers that send to the API keep their level.
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
    "PREFECT_LOGGING_HANDLERS_DEBUG_LEVEL": "CRITICAL",
    "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    # Prefect's client library prints a notice about its telemetry unless this is set.
    "DO_NOT_TRACK": "1",
}


def user_settings() -> dict[str, str]:
    """Every `PREFECT_*` setting of the user, by the name of its environment variable.

    The precedence is Prefect's: the environment, `.env`, `prefect.toml`, `pyproject.toml`, the active profile.
    """
    explicit = _pyproject_toml() | _prefect_toml() | _dotenv() | _environment()
    return {name: value for name, value in (_profile(explicit) | explicit).items() if name.startswith("PREFECT_")}


def prefect_home(settings: Mapping[str, str]) -> Path:
    """The folder of Prefect's database and profiles."""
    return Path(settings.get("PREFECT_HOME") or "~/.prefect").expanduser().absolute()


def quiet_prefect_logging() -> None:
    """Keep Prefect's output off the terminal. Logs of flows and tasks still go to its API.

    Call this before `import prefect`. Settings made by the user take precedence.
    """
    set_by_user = user_settings()
    for name, value in QUIET_SETTINGS.items():
        if name not in set_by_user:
            os.environ.setdefault(name, value)
    # Print no traceback for a log record that cannot be sent.
    logging.raiseExceptions = False


_adopted: dict[str, str] | None = None
"""The settings with which Prefect was last imported or reloaded by `adopt_environment`."""


def adopt_environment() -> None:
    """Make Prefect, if it is already imported, reload its settings from the environment.

    Reloading takes half a second of CPU, so it is skipped if no setting has changed since the last call.
    """
    global _adopted
    settings = user_settings()
    if "prefect.context" in sys.modules and settings != _adopted:
        from prefect.context import refresh_global_settings_context
        from prefect.logging.configuration import setup_logging

        refresh_global_settings_context()
        setup_logging()
    _adopted = settings


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if value}


def _dotenv() -> dict[str, str]:
    if not Path(".env").is_file():
        return {}
    return {name.upper(): value for name, value in dotenv_values(".env").items() if value}


def _prefect_toml() -> dict[str, str]:
    return dict(_flat(_toml(Path("prefect.toml")), "PREFECT"))


def _pyproject_toml() -> dict[str, str]:
    return dict(_flat(_toml(Path("pyproject.toml")).get("tool", {}).get("prefect", {}), "PREFECT"))


def _profile(explicit: Mapping[str, str]) -> dict[str, str]:
    profiles = _toml(_profiles_path(explicit))
    active = os.environ.get("PREFECT_PROFILE") or profiles.get("active", "")
    return {name: str(value) for name, value in profiles.get("profiles", {}).get(active, {}).items()}


def _profiles_path(explicit: Mapping[str, str]) -> Path:
    path = Path(explicit.get("PREFECT_PROFILES_PATH") or prefect_home(_environment()) / "profiles.toml")
    prefect = find_spec("prefect")
    if path.exists() or "PREFECT_HOME" in os.environ or prefect is None or prefect.origin is None:
        return path
    return Path(prefect.origin).parent / "settings" / "profiles.toml"


def _flat(table: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        name = f"{prefix}_{key.upper()}"
        if isinstance(value, dict):
            yield from _flat(value, name)
        else:
            yield name, str(value)


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}  # Prefect reports the error in the file
