"""The options that verbs share: what they set, over which profile."""

import inspect
from pathlib import Path

import pytest

from voicemill.cli.option_groups import with_options
from voicemill.cli.options import Manifest, PlanOptions, RowOptions
from voicemill.config import Settings
from voicemill.errors import ConfigError


def test_options_stand_over_the_profile(tmp_path: Path) -> None:
    """What is said on the command line stands over the profile, and what is not said leaves it alone."""
    profile = tmp_path / "own.toml"
    profile.write_text('answers = "shared"\n[defaults]\nvoice = "Sarah"\nlanguage = "fr"\n[pace]\nmax_concurrency = 7')
    settings = PlanOptions(profile=str(profile), voice="James", max_concurrency="9").settings()
    assert (settings.defaults.voice, settings.defaults.language) == ("James", "fr")
    assert (settings.pace.max_concurrency, settings.answers) == (9, "shared")
    assert PlanOptions(profile=str(profile), answers="mine").settings().answers == "mine"


def test_no_options_are_the_defaults() -> None:
    """Without a profile and without options every setting is its default."""
    assert PlanOptions().settings() == RowOptions().settings() == Settings()


def test_an_option_is_checked_as_a_setting() -> None:
    """A value that the setting does not take is refused as in a profile."""
    with pytest.raises(ConfigError, match=r"pace\.max_concurrency is '0'"):
        PlanOptions(max_concurrency="0").settings()


def test_a_verb_takes_the_fields_of_its_groups() -> None:
    """A verb is seen with every field of its groups as an option of its own, and called with the group."""
    seen: list[object] = []

    @with_options
    def verb(manifest: Manifest, options: PlanOptions, twice: bool = False) -> None:
        """Promise."""
        seen.extend((manifest, options, twice))

    taken = inspect.signature(verb).parameters
    assert list(taken)[:3] == ["manifest", "op", "allow_host"]
    assert list(taken)[-2:] == ["answers", "twice"]
    verb(**{name: option.default for name, option in taken.items()} | {"manifest": "book.csv", "voice": "James"})
    assert seen == ["book.csv", PlanOptions(voice="James"), False]
