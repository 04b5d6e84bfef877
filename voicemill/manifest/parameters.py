"""The cells that repeat from row to row (voice, model, format, …), resolved once for each combination."""

from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache

from voicemill.audio.formats import AudioFormat
from voicemill.config import RowDefaults
from voicemill.manifest import delivery, formats
from voicemill.manifest.catalogue import LANGUAGES, MODELS, SUNSET_MODELS
from voicemill.manifest.columns import PARAMETERS
from voicemill.manifest.findings import Choice, Fault, Findings
from voicemill.manifest.voices import VoiceBook
from voicemill.model import Op, Speed, Voice

_COMBINATIONS_KEPT = 4096


@dataclass(frozen=True, slots=True)
class Parameters:
    """One combination, understood. `voice` and `format` are None where `faults` say why."""

    voice: Voice | None
    model: str
    language: str
    format: AudioFormat | None
    speed: Speed | None
    emotion: tuple[str, ...]
    faults: tuple[Fault, ...]
    warnings: tuple[Fault, ...]


class ParameterCheck:
    """Turns the ten parameter cells of a row, in the order of `PARAMETERS`, into `Parameters`."""

    def __init__(self, defaults: RowDefaults, voices: VoiceBook) -> None:
        self._defaults = {name: _default_text(defaults, name) for name in PARAMETERS}
        self._voices = voices
        self.resolve = lru_cache(_COMBINATIONS_KEPT)(self._resolve)
        self._voice = lru_cache(_COMBINATIONS_KEPT)(self._find_voice)

    def _resolve(self, *cells: str) -> Parameters:
        choice = {name: self._choose(name, cell) for name, cell in zip(PARAMETERS, cells, strict=True)}
        findings = Findings()
        audio_format = formats.audio_format(
            choice["container"], choice["sample_rate"], choice["encoding"], choice["bit_rate"], findings
        )
        _check_op(choice["op"], findings)
        language = _language(choice["language"], findings)
        model = _model(choice["model"], findings)
        voice, why = self._voice(choice["voice"].text, language)
        if why:
            findings.fault("voice", why, choice["voice"] if choice["voice"].text else None)
        return Parameters(
            voice,
            model,
            language,
            audio_format,
            delivery.speed(choice["speed"], model, findings),
            delivery.emotion(choice["emotion"], model, findings),
            tuple(findings.faults),
            tuple(findings.warnings),
        )

    def _choose(self, name: str, cell: str) -> Choice:
        text = cell.strip()
        return Choice(text, False) if text else Choice(self._defaults[name], True)

    def _find_voice(self, name_or_id: str, language: str) -> tuple[Voice | None, str]:
        try:
            return self._voices.resolve(name_or_id, language), ""
        except LookupError as error:
            return None, str(error.args[0])


def _default_text(defaults: RowDefaults, name: str) -> str:
    value = getattr(defaults, name)
    return "" if name == "bit_rate" and not value else str(value).strip()


def _check_op(choice: Choice, findings: Findings) -> None:
    op = choice.text.casefold()
    if op == Op.TTS:
        return
    if op in [known.value for known in Op]:
        findings.fault("op", f"{choice.text!r} is not available yet in this version; use tts", choice)
    else:
        findings.fault("op", f"{choice.text!r} is no operation; use tts, or leave the cell empty", choice)


def _language(choice: Choice, findings: Findings) -> str:
    language = choice.text.casefold()
    if language in LANGUAGES:
        return language
    codes = {name: code for code, name in LANGUAGES.items()}
    primary = language.replace("_", "-").split("-")[0]
    close = get_close_matches(language[:40], codes, n=1, cutoff=0.75)
    meant = primary if primary in LANGUAGES else codes[close[0]] if close else ""
    remedy = f"write {meant}" if meant else f"use one of {', '.join(LANGUAGES)}"
    findings.fault("language", f"{choice.text!r} is no language of the service; {remedy}", choice)
    return language


def _model(choice: Choice, findings: Findings) -> str:
    model = choice.text
    if not model:
        findings.fault("model", f"no model is given; use one of {', '.join(sorted(MODELS))}")
    elif model in SUNSET_MODELS:
        findings.warn("model", f"the service has ended {model!r} (2026-06-01); use sonic-3 or sonic-2")
    elif model not in MODELS:
        close = get_close_matches(model[:40], MODELS, n=1, cutoff=0.7)
        hint = f"; did you mean {close[0]!r}?" if close else f"; known are {', '.join(sorted(MODELS))}"
        findings.warn("model", f"{model!r} is not among the documented models and may be refused{hint}")
    return model
