"""Check one line of a manifest: it becomes a `Row`, or a list of problems."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from voicemill.manifest import output_paths as outputs
from voicemill.manifest.allowed_words import allowed_in
from voicemill.manifest.carried_cells import CarriedCells
from voicemill.manifest.cell_values import DECIMALS, as_text, embedded_audio, with_decimal_point
from voicemill.manifest.columns import PARAMETERS, Columns
from voicemill.manifest.input_cells import Cells, InputCheck, Inputs
from voicemill.manifest.parameters import ParameterCheck, Parameters
from voicemill.manifest.problems import CellProblem, CellReport
from voicemill.manifest.source_format import source_format
from voicemill.manifest.spoken_text import SpokenText
from voicemill.manifest.text_cells import unusable_character
from voicemill.manifest.unsupported_cells import UnsupportedCells
from voicemill.model import AUDIO_OPS, SPOKEN_OPS, QualityCheck, Refusal, RequestedOutput, Row, Speech
from voicemill.model.audio_formats import SourceFormat

MAX_ID_CHARACTERS = 10_000
MAX_VALUE_CHARACTERS = 1000
_BAD_NAME = "the file's name has bytes or control characters that a table cannot store; rename it"


class Checked(NamedTuple):
    """A checked line. `row` is None if there are problems; an unknown `id` or `file_name` is empty."""

    row: Row | None
    id: str
    file_name: str
    problems: Sequence[CellProblem]
    warnings: Sequence[CellProblem]


class RowCheck:
    """Checks the lines of one manifest, one at a time.

    In a `listing`, a file that cannot be processed becomes a refused row, and the names of outputs mirror the sources.
    With `decimal_comma`, `1,5` is a number. `spoken` applies a cast and pronunciations. Checks do not compare
    `allowed_words`.
    """

    def __init__(
        self,
        columns: Columns,
        parameters: ParameterCheck,
        inputs: InputCheck,
        *,
        listing: bool = False,
        decimal_comma: bool = False,
        spoken: SpokenText | None = None,
        allowed_words: frozenset[str] = frozenset(),
    ) -> None:
        self._spoken = spoken
        self._allowed_words = allowed_words
        self._listing = listing
        self._decimal_comma = decimal_comma
        self._places = columns.places
        self._carried = CarriedCells(columns.carried)
        self._unsupported = UnsupportedCells(columns.carried)
        self._parameter_places = tuple(columns.places.get(name) for name in PARAMETERS)
        self._parameters = parameters
        self._inputs = inputs

    def check(self, number: int, cells: Sequence[Any]) -> Checked:
        """The row that `cells` describe, or their problems."""
        report = CellReport()
        row_id = self._id(cells, report)
        parameters = self._parameters.resolve(*self._parameter_cells(cells, report))
        inputs = self._inputs.check(parameters.op, _RowCells(self, cells, report), report)
        report.problems += parameters.problems
        carried = self._carried.check(cells, report)
        if inputs.source.audio is not None:
            self._unsupported.check(cells, inputs.source.audio, report)
        kept = source_format(parameters, inputs)
        file_name = self._file_name(number, row_id, cells, parameters, kept, carried, report)
        report.warnings += parameters.warnings
        refusal = self._refusal(report)
        row = None
        if not report.problems:
            row = Row(
                number=number,
                id=row_id,
                op=parameters.op,
                file_name=file_name,
                output=_output(parameters.output, kept),
                model=parameters.model,
                language=parameters.language,
                speech=_speech(parameters, inputs),
                source=inputs.source,
                quality=self._quality(cells, parameters, inputs.text, report),
                refusal=refusal,
                carried=carried,
            )
            if self._spoken is not None and refusal is None:
                row = self._spoken.applied(row, report)
        return Checked(None if report.problems else row, row_id, file_name, report.problems, report.warnings)

    def _quality(self, cells: Sequence[Any], parameters: Parameters, text: str, report: CellReport) -> QualityCheck:
        """The check of the row, with the words that it does not compare."""
        cell = self.cell(cells, "allowed_words", report)
        quality = parameters.quality
        compares = parameters.op in SPOKEN_OPS and quality.compares_words
        if cell and not compares:
            report.warn(
                "allowed_words", "only guided and transcribed checks of speech use allowed_words; leave the cell empty"
            )
        allowed = allowed_in(text, cell, self._allowed_words) if compares else ()
        return replace(quality, allowed_words=allowed) if allowed else quality

    def _refusal(self, report: CellReport) -> Refusal | None:
        """In a listing, a file that cannot be processed is refused as a row; it is not a problem of the manifest."""
        if not self._listing or not report.problems or not all(problem.code for problem in report.problems):
            return None
        first = report.problems[0]
        report.problems.clear()
        return Refusal(first.code, _BAD_NAME if first.code == "bad_name" else first.why)

    def cell(self, cells: Sequence[Any], column: str, report: CellReport) -> str:
        """The text of the cell in one of voicemill's columns; empty if there is none."""
        place = self._places.get(column)
        if place is None:
            return ""
        value = cells[place]
        text = value if type(value) is str else as_text(value, column, report)
        return with_decimal_point(text) if self._decimal_comma and column in DECIMALS else text

    def value(self, cells: Sequence[Any], column: str) -> Any:  # noqa: ANN401 - cells are of any type
        """The cell in one of voicemill's columns, of any type; None if there is no such column."""
        place = self._places.get(column)
        return None if place is None else cells[place]

    def _id(self, cells: Sequence[Any], report: CellReport) -> str:
        if "id" not in self._places:
            return self._id_of_recording(cells, report)
        before = len(report.problems)
        row_id = self.cell(cells, "id", report)
        if len(report.problems) > before:
            return ""
        if not row_id:
            report.problem("id", "the id is missing; give each row a unique id")
        elif not row_id.isprintable() and (why := _unusable_in_name(row_id)):
            report.problem("id", why)
        elif len(row_id) > MAX_ID_CHARACTERS:
            report.problem(
                "id", f"the id has {len(row_id):,} characters, but the limit is {MAX_ID_CHARACTERS:,}; shorten it"
            )
        else:
            if row_id.isspace():
                report.warn("id", "the id has only white space; give the row an id with visible characters")
            return row_id
        return ""

    def _id_of_recording(self, cells: Sequence[Any], report: CellReport) -> str:
        """The name of the recording without its extension, and where the passage begins if one is given."""
        if "audio" not in self._places:
            return ""
        value = self.value(cells, "audio")
        embedded = embedded_audio(value)
        name = str(embedded.get("path") or "") if embedded else value if isinstance(value, str) else ""
        name = name.strip().removeprefix("./")
        stem = name.removesuffix(PurePosixPath(name).suffix)
        if not stem or _unusable_in_name(stem):
            report.problem("id", "the row has no id, and its recording has no name to make one from; add a column id")
            return ""
        start = self.cell(cells, "from_s", CellReport()).strip()
        return f"{stem}-{start}" if start else stem

    def _parameter_cells(self, cells: Sequence[Any], report: CellReport) -> list[str]:
        texts = ["" if place is None else cells[place] for place in self._parameter_places]
        for position, value in enumerate(texts):
            text = value if type(value) is str else as_text(value, PARAMETERS[position], report)
            if self._decimal_comma and PARAMETERS[position] in DECIMALS:
                text = with_decimal_point(text)
            if text and (why := _unusable_value(text)):
                report.problem(PARAMETERS[position], why)
                text = ""
            texts[position] = text
        return texts

    def _file_name(
        self,
        number: int,
        row_id: str,
        cells: Sequence[Any],
        parameters: Parameters,
        kept: SourceFormat | None,
        carried: Mapping[str, Any],
        report: CellReport,
    ) -> str:
        before = len(report.problems)
        out = self.cell(cells, "out", report).strip()
        if why := _unusable_value(out):
            report.problem("out", why)
        kind = _kind(parameters, kept)
        if kind is None or len(report.problems) > before:
            return ""
        if self._listing:
            return outputs.mirror_name(out, kind)
        if not out:
            return outputs.default_file_name(row_id, kind) if row_id else ""
        voice = parameters.voice.name if parameters.voice else None
        try:
            if "{" not in out and "}" not in out:
                return outputs.file_name(out, {}, kind)
            if (voice is None and parameters.op in AUDIO_OPS) or not row_id:
                return ""
            named = {"voice": voice} if voice else {}
            return outputs.file_name(out, {**carried, "id": row_id, "row": number, **named}, kind)
        except outputs.InvalidOutput as invalid:
            report.problem("out", str(invalid))
            return ""


class _RowCells(Cells):
    """The cells of one row, for the check of its inputs."""

    def __init__(self, check: RowCheck, cells: Sequence[Any], report: CellReport) -> None:
        self._check = check
        self._cells = cells
        self._report = report

    def text(self, column: str) -> str:
        return self._check.cell(self._cells, column, self._report)

    def embedded_audio(self, column: str) -> Mapping[str, Any] | None:
        return embedded_audio(self._check.value(self._cells, column))


def _speech(parameters: Parameters, inputs: Inputs) -> Speech:
    voice_id = parameters.voice.id if parameters.voice else ""
    return Speech(inputs.text, inputs.text_from, voice_id, parameters.speed, parameters.emotion)


def _output(requested: RequestedOutput, kept: SourceFormat | None) -> RequestedOutput:
    if kept is None:
        return requested
    return replace(requested, format=kept.request_format, source_format=kept)


def _kind(parameters: Parameters, kept: SourceFormat | None) -> outputs.Kind | None:
    if kept is not None:
        return outputs.Kind.kept(kept)
    output = parameters.output
    if output.format is not None:
        return outputs.Kind.audio(output.format)
    if parameters.op in AUDIO_OPS or not output.text_formats:
        return None
    return outputs.Kind.text(output.text_formats)


def _unusable_value(text: str) -> str:
    if len(text) > MAX_VALUE_CHARACTERS:
        return f"the cell has {len(text):,} characters, but the limit is {MAX_VALUE_CHARACTERS:,}; shorten it"
    return "" if text.isprintable() else unusable_character(text)


def _unusable_in_name(text: str) -> str:
    if why := unusable_character(text):
        return why
    return "there is a tab or a line end in the id; remove it" if any(c in text for c in "\t\n\r") else ""
