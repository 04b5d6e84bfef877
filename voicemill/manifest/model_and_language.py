"""The cells that name a model and a language, which depend on the operation."""

from difflib import get_close_matches
from typing import Final

from voicemill.manifest.problems import CellReport, Choice
from voicemill.manifest.service_catalog import LANGUAGES, MODELS, STT_LANGUAGES, STT_MODELS, SUNSET_MODELS
from voicemill.model import Op

DEFAULT_MODEL: Final = {Op.TTS: "sonic-2", Op.INFILL: "sonic-2", Op.STT: "ink-whisper"}


def language(choice: Choice, op: Op, report: CellReport) -> str:
    """The language as two letters (for `stt` also three); for an unknown one, adds a problem with a suggestion."""
    language = choice.text.casefold()
    known = sorted(STT_LANGUAGES) if op is Op.STT else [*LANGUAGES]
    if language in known:
        return language
    codes = {name: code for code, name in LANGUAGES.items()}
    primary = language.replace("_", "-").split("-")[0]
    close = get_close_matches(language[:40], codes, n=1, cutoff=0.75)
    meant = primary if primary in known else codes[close[0]] if close else ""
    remedy = f"write {meant}" if meant else f"use one of {', '.join(known)}"
    report.problem("language", f"{choice.text!r} is not a language of the service; {remedy}", choice)
    return language


def model(choice: Choice, op: Op, report: CellReport) -> str:
    """The model's name. A default that other operations use is replaced by the default of this one."""
    known = STT_MODELS if op is Op.STT else MODELS
    name = choice.text
    if not name or (choice.from_settings and _is_for_others(name, op)):
        return DEFAULT_MODEL[op]
    if name in SUNSET_MODELS:
        report.warn("model", f"the service has ended {name!r} (2026-06-01); use sonic-3 or sonic-2")
    elif name not in known:
        close = get_close_matches(name[:40], known, n=1, cutoff=0.7)
        hint = f"; did you mean {close[0]!r}?" if close else f"; known are {', '.join(sorted(known))}"
        report.warn("model", f"{name!r} is not among the documented models and may be refused{hint}")
    return name


def _is_for_others(name: str, op: Op) -> bool:
    return name.startswith("sonic" if op is Op.STT else "ink")
