"""The languages that can be spoken, and who pronounces them."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from voicemill.engine.refusals import bad_request


@dataclass(frozen=True, slots=True)
class Language:
    """A language: its name, the espeak-ng voice that speaks it, and those of its dialects."""

    code: str
    name: str
    espeak: str
    dialects: Mapping[str, str] = field(default_factory=dict)


@cache
def languages() -> dict[str, Language]:
    """Every language by its two-letter code."""
    text = files("voicemill.engine.voices").joinpath("languages.toml").read_text(encoding="utf-8")
    return {code: Language(code, **entry) for code, entry in tomllib.loads(text).items()}


def language(code: str) -> Language:
    """The language of a code such as `en` or `en-US`. Raises `Refusal` (400) that lists the codes there are."""
    found = languages().get(code.strip().lower().replace("_", "-").split("-")[0])
    if found is None:
        raise bad_request(f"language is {code!r}, but must be one of {', '.join(languages())}.")
    return found


def dialect_of(code: str, dialect: str | None) -> str | None:
    """A dialect that the language has, or None for its plain form. Raises `Refusal` (400) that lists them."""
    known = language(code).dialects
    if dialect is None or dialect in known:
        return dialect
    choice = f"one of {', '.join(known)}" if known else "left out, as this language has none"
    raise bad_request(f"dialect is {dialect!r}, but for {code!r} it must be {choice}.")


def accent(code: str, dialect: str | None = None) -> str:
    """The espeak-ng voice for a language, in a dialect where it has that one."""
    spoken = language(code)
    return spoken.dialects.get(dialect or "", spoken.espeak)
