"""The cells that repeat from row to row (operation, voice, model, format, …), resolved once for each combination."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from voicemill.config import RowDefaults
from voicemill.manifest import model_and_language as models
from voicemill.manifest import output_options as formats
from voicemill.manifest import prosody as delivery
from voicemill.manifest.columns import PARAMETERS
from voicemill.manifest.problems import CellProblem, CellReport, Choice
from voicemill.manifest.voice_directory import VoiceDirectory
from voicemill.model import AUDIO_OPS, UNCHECKED, Op, QualityCheck, RequestedOutput, Speed, Voice
from voicemill.model.audio_formats import AudioFormat

_COMBINATIONS_KEPT = 4096
_FORMAT = ("container", "sample_rate", "encoding", "bit_rate")
_DEFAULT_CONTAINER = "wav"
_DELIVERY = ("model", "language", "speed", "emotion")
_QUALITY = ("check", "takes")
_USED: Final[Mapping[Op, frozenset[str]]] = {
    Op.TTS: frozenset({"voice", *_FORMAT, *_DELIVERY, *_QUALITY, "timestamps", "output_format"}),
    Op.STT: frozenset({"model", "language", "output_format"}),
    Op.VOICE_CHANGE: frozenset({"voice", *_FORMAT, *_QUALITY}),
    Op.INFILL: frozenset({"voice", *_FORMAT, *_DELIVERY, *_QUALITY, "splice"}),
}
"""The parameters that each operation uses; it ignores the others."""

_INFILL_CONTROLS: Final = "sonic-2"
"""Infill takes the controls of this model with every model: words for speed, a list of emotions."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """One combination, understood. `voice` and the format of `output` are None where `problems` say why.

    They are also None where no audio is made.

    `said_of_format` names the columns of the format that the row fills in, and `container` wherever it comes from.
    """

    op: Op
    voice: Voice | None
    model: str
    language: str
    speed: Speed | None
    emotion: tuple[str, ...]
    output: RequestedOutput
    quality: QualityCheck
    said_of_format: frozenset[str]
    problems: tuple[CellProblem, ...]
    warnings: tuple[CellProblem, ...]


class ParameterCheck:
    """Turns the parameter cells of a row, in the order of `PARAMETERS`, into `Parameters`.

    Where `only` names an operation, a row with another operation is a problem.
    """

    def __init__(self, defaults: RowDefaults, voices: VoiceDirectory, only: str = "") -> None:
        self._only = only
        self._defaults = {name: _default_text(defaults, name) for name in PARAMETERS}
        self._voices = voices
        self.resolve = lru_cache(_COMBINATIONS_KEPT)(self._resolve)
        self._voice_named = lru_cache(_COMBINATIONS_KEPT)(self._find_voice)

    def _resolve(self, *cells: str) -> Parameters:
        choice = {name: self._choose(name, cell) for name, cell in zip(PARAMETERS, cells, strict=True)}
        report = CellReport()
        op = _op(choice["op"], report, self._only)
        used = _USED[op]
        audio_format = _format(choice, report) if op in AUDIO_OPS else None
        _note_unused(op, choice, report)
        language = models.language(choice["language"], op, report) if "language" in used else ""
        model = models.model(choice["model"], op, report) if "model" in used else ""
        voice = self._voice(choice["voice"], op, language, report) if "voice" in used else None
        controls = _INFILL_CONTROLS if op is Op.INFILL else model
        return Parameters(
            op,
            voice,
            model,
            language,
            delivery.speed(choice["speed"], controls, report) if "speed" in used else None,
            delivery.emotion(choice["emotion"], controls, report) if "emotion" in used else (),
            _output(op, audio_format, choice, report),
            _quality(choice, report) if "check" in used else UNCHECKED,
            frozenset(name for name in _FORMAT if choice[name].text and _is_said(name, choice[name])),
            tuple(report.problems),
            tuple(report.warnings),
        )

    def _choose(self, name: str, cell: str) -> Choice:
        text = cell.strip()
        return Choice(text, False) if text else Choice(self._defaults[name], True)

    def _voice(self, choice: Choice, op: Op, language: str, report: CellReport) -> Voice | None:
        if op is Op.VOICE_CHANGE and not choice.text:
            report.problem("voice", "no voice is given; name one that 'voicemill voices list' shows")
            return None
        voice, why = self._voice_named(choice.text, language)
        if why:
            report.problem("voice", why, choice if choice.text else None)
        return voice

    def _find_voice(self, name_or_id: str, language: str) -> tuple[Voice | None, str]:
        try:
            return self._voices.resolve(name_or_id, language), ""
        except LookupError as error:
            return None, str(error.args[0])


def _default_text(defaults: RowDefaults, name: str) -> str:
    value = getattr(defaults, name)
    return "" if name == "bit_rate" and not value else str(value).strip()


def _format(choice: Mapping[str, Choice], report: CellReport) -> AudioFormat | None:
    container, sample_rate, encoding, bit_rate = (choice[name] for name in _FORMAT)
    if not container.text:
        container = Choice(_DEFAULT_CONTAINER, True)
    return formats.audio_format(container, sample_rate, encoding, bit_rate, report)


def _output(
    op: Op, audio_format: AudioFormat | None, choice: Mapping[str, Choice], report: CellReport
) -> RequestedOutput:
    used = _USED[op]
    return RequestedOutput(
        audio_format,
        timestamps=formats.yes_or_no("timestamps", choice["timestamps"], report) if "timestamps" in used else False,
        text_formats=formats.text_formats(choice["output_format"], op, report) if "output_format" in used else (),
        splice=formats.yes_or_no("splice", choice["splice"], report) if "splice" in used else True,
    )


def _quality(choice: Mapping[str, Choice], report: CellReport) -> QualityCheck:
    return QualityCheck(formats.check(choice["check"], report), formats.takes(choice["takes"], report))


def _is_said(name: str, choice: Choice) -> bool:
    return name == "container" or not choice.from_settings


def _op(choice: Choice, report: CellReport, only: str) -> Op:
    try:
        op = Op(choice.text.casefold().replace("-", "_"))
    except ValueError:
        known = ", ".join(op.value for op in Op)
        why = f"{choice.text!r} is not an operation; use one of {known}, or leave the cell empty"
        report.problem("op", why, choice)
        return Op.TTS
    if only and op != only:
        why = f"this run processes only {only}, but the row has op {op}; remove the row, or run without --op"
        report.problem("op", why)
    return op


def _note_unused(op: Op, choices: Mapping[str, Choice], report: CellReport) -> None:
    for name, choice in choices.items():
        if name != "op" and not choice.from_settings and name not in _USED[op]:
            report.warn(name, f"{op.value} does not use {name}; leave the cell empty")
