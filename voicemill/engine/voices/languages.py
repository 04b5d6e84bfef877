"""The supported languages, their accents and the espeak-ng voices for them."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from voicemill.engine.refusals import bad_request


@dataclass(frozen=True, slots=True)
class Language:
    """A language: its name, its espeak-ng voice, and the accent of each dialect."""

    code: str
    name: str
    espeak: str
    dialects: Mapping[str, str] = field(default_factory=dict)

    @property
    def locale(self) -> str:
        """The language with the region of its first accent, such as `en-US`."""
        return next(accent.locale for accent in accents().values() if accent.language == self.code)


@dataclass(frozen=True, slots=True)
class Accent:
    """How a language sounds in one place: `locale` names the region too, `espeak` is the most similar voice."""

    id: str
    name: str
    locale: str
    espeak: str

    @property
    def language(self) -> str:
        """The code of its language."""
        return self.locale.partition("-")[0]

    @property
    def is_locale_default(self) -> bool:
        """Whether it is the first of its locale."""
        return next(accent for accent in accents().values() if accent.locale == self.locale) == self


@cache
def languages() -> dict[str, Language]:
    """Every language by its two-letter code."""
    return {code: Language(code, **entry) for code, entry in _table("languages").items()}


@cache
def accents() -> dict[str, Accent]:
    """Every accent by its id; the default of each locale comes before the locale's others."""
    return {name: Accent(name, **entry) for name, entry in _table("accents").items()}


def language(code: str) -> Language:
    """The language of a code such as `en` or `en-US`. Raises `Refusal` (400) that lists the codes there are."""
    found = languages().get(code.strip().lower().replace("_", "-").split("-")[0])
    if found is None:
        raise bad_request(f"language is {code!r}, but must be one of {', '.join(languages())}.")
    return found


def accent_of_dialect(code: str, dialect: str | None) -> str | None:
    """The accent that a language's dialect is, None for none. Raises `Refusal` (400) that lists the dialects."""
    known = language(code).dialects
    if dialect is None or dialect in known:
        return known.get(dialect or "")
    choice = f"one of {', '.join(known)}" if known else "left out, as this language has none"
    raise bad_request(f"dialect is {dialect!r}, but for {code!r} it must be {choice}.")


def accent_named(wanted: str, code: str | None = None) -> Accent:
    """An accent, of language `code` if one is given, by its id or name. Raises `Refusal` (400) that lists them."""
    known = [accent for accent in accents().values() if code in (None, accent.language)]
    for accent in known:
        if wanted.strip().casefold() in (accent.id, accent.name.casefold()):
            return accent
    of_language = f" for {code!r}" if code else ""
    choice = ", ".join(accent.id for accent in known)
    raise bad_request(f"accent is {wanted!r}, but{of_language} must be one of {choice}. GET /accents describes them.")


def pronunciation(code: str, accent_id: str | None = None) -> str:
    """The espeak-ng voice for a language, with an accent where the language has that one."""
    accent = accents().get(accent_id or "")
    return accent.espeak if accent and accent.language == code else language(code).espeak


def _table(name: str) -> dict[str, dict[str, Any]]:
    text = files("voicemill.engine.voices").joinpath(f"{name}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
