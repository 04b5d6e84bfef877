"""The options that commands share: their settings and their precedence over a profile."""

import inspect
from pathlib import Path

import pytest

from voicemill.cli.option_groups import with_options
from voicemill.cli.options import Manifest, PlanOptions, RowOptions
from voicemill.config import Settings
from voicemill.errors import ConfigError


def test_options_override_the_profile(tmp_path: Path) -> None:
    """Options on the command line override the profile; settings without an option keep its values."""
    profile = tmp_path / "own.toml"
    profile.write_text('answers = "shared"\n[defaults]\nvoice = "Sarah"\nlanguage = "fr"\n[pace]\nmax_concurrency = 7')
    settings = PlanOptions(profile=str(profile), voice="James", max_concurrency="9").settings()
    assert (settings.defaults.voice, settings.defaults.language) == ("James", "fr")
    assert (settings.pace.max_concurrency, settings.answers) == (9, "shared")
    assert PlanOptions(profile=str(profile), answers="mine").settings().answers == "mine"


def test_no_options_are_the_defaults() -> None:
    """Without a profile and options every setting has its default."""
    assert PlanOptions().settings() == RowOptions().settings() == Settings()


def test_option_is_checked_like_a_setting() -> None:
    """An invalid value is refused as in a profile."""
    with pytest.raises(ConfigError, match=r"pace\.max_concurrency is '0'"):
        PlanOptions(max_concurrency="0").settings()


def test_command_has_the_fields_of_its_option_groups() -> None:
    """A command has one option per field of its groups and receives the groups."""
    seen: list[object] = []

    @with_options
    def verb(manifest: Manifest, options: PlanOptions, twice: bool = False) -> None:
        """Promise."""
        seen.extend((manifest, options, twice))

    taken = inspect.signature(verb).parameters
    assert list(taken)[:3] == ["manifest", "op", "format"]
    assert list(taken)[-2:] == ["answers", "twice"]
    verb(**{name: option.default for name, option in taken.items()} | {"manifest": "book.csv", "voice": "James"})
    assert seen == ["book.csv", PlanOptions(voice="James"), False]
