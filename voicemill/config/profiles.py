"""Load settings from a profile (`configs/*.toml`), the command line and an earlier run."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from voicemill.config.settings import AUTO, Settings
from voicemill.errors import ConfigError


def load_settings(profile: str | None = None, **overrides: Any) -> Settings:  # noqa: ANN401 - validated below
    """Load a profile and apply `overrides`: sections such as `pace={"max_concurrency": 8}`, and top-level settings.

    Overrides that are None are ignored. `profile` is the path of a TOML file, or the name of one in `configs/`. Raises
    `ConfigError`, which names the file, the key and the allowed values.
    """
    tree = _merged(_read_profile(profile) if profile else {}, overrides)
    return _validated(tree, profile or "")


def changed_settings(known: Mapping[str, Any], changes: Mapping[str, Any]) -> Settings:
    """Apply changes to the settings of an earlier run, both by section. Raises `ConfigError`."""
    all_three = changes.get("pace", {}).get("max_concurrency") is not None
    pace = {name: value for name, value in known.get("pace", {}).items() if not (all_three and name in AUTO)}
    return _validated(_merged({**known, "pace": pace}, changes))


def _merged(tree: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(tree)
    for name, value in changes.items():
        if isinstance(value, Mapping):
            merged[name] = {**merged.get(name, {}), **{key: one for key, one in value.items() if one is not None}}
        elif value is not None:
            merged[name] = value
    return merged


def _validated(tree: Mapping[str, Any], profile: str = "") -> Settings:
    try:
        return Settings.model_validate(tree)
    except ValidationError as error:
        source = f"profile {profile}: " if profile else ""
        raise ConfigError(source + _first_problem(error)) from None


def profile_names() -> list[str]:
    """The names of the profiles that ship with voicemill."""
    return sorted(path.stem for path in _shipped_profiles().glob("*.toml"))


def _shipped_profiles() -> Path:
    package = Path(__file__).parents[1]
    inside_wheel = package / "configs"
    return inside_wheel if inside_wheel.is_dir() else package.parent / "configs"


def _read_profile(profile: str) -> dict[str, Any]:
    path = Path(profile)
    if not path.suffix:
        path = _shipped_profiles() / f"{profile}.toml"
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        names = ", ".join(profile_names())
        raise ConfigError(f"unknown profile {profile!r}; give the path of a TOML file or one of: {names}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ConfigError(f"the profile {path} cannot be read: {error}") from None


def _first_problem(error: ValidationError) -> str:
    problem = error.errors()[0]
    where = ".".join(map(str, problem["loc"]))
    if problem["type"] == "extra_forbidden":
        return f"{where} is not a setting; remove it or correct its name"
    why = problem["msg"].removeprefix("Value error, ").replace("Input should be", "it must be")
    if isinstance(problem["input"], Mapping | Settings):  # a problem of several settings together
        return why
    if where == "webhook":  # The address may contain a password.
        return why
    return f"{where} is {problem['input']!r}; {why}"
