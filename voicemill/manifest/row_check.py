"""One line of a manifest becomes a `Row`, or the list of what is wrong with it."""

import json
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from voicemill.audio.formats import KeptFormat
from voicemill.manifest import output_paths as outputs
from voicemill.manifest.cell_values import DECIMALS, as_text, embedded_audio, with_decimal_point
from voicemill.manifest.columns import PARAMETERS, Columns
from voicemill.manifest.input_cells import Cells, InputCheck
from voicemill.manifest.parameters import ParameterCheck, Parameters
from voicemill.manifest.problems import Fault, Findings
from voicemill.manifest.source_format import kept_format
from voicemill.manifest.text_cells import MAX_CHARACTERS, unusable_character
from voicemill.model import AUDIO_OPS, Refusal, Row

MAX_ID_CHARACTERS = 10_000
MAX_VALUE_CHARACTERS = 1000
_BAD_NAME = "the file's name holds bytes or control characters that no table can; rename it"
_LARGEST_TABLE_INTEGER = 1 << 63
_CONTROLS_AS_BLANKS = dict.fromkeys([*range(1, 32), *range(127, 160)], " ")


class Checked(NamedTuple):
    """What a line came to. `row` is None where there are faults; `id` and `file_name` are '' where not known."""

    row: Row | None
    id: str
    file_name: str
    faults: Sequence[Fault]
    warnings: Sequence[Fault]


class RowCheck:
    """Checks the lines of one manifest, each by itself.

    In a `listing` a file that cannot be worked on makes a row that is refused, and names of outputs mirror the sources.
    With `decimal_comma`, `1,5` is a number.
    """

    def __init__(
        self,
        columns: Columns,
        parameters: ParameterCheck,
        inputs: InputCheck,
        *,
        listing: bool = False,
        decimal_comma: bool = False,
    ) -> None:
        self._listing = listing
        self._decimal_comma = decimal_comma
        self._places = columns.places
        self._carried = tuple(columns.carried.items())
        self._parameter_places = tuple(columns.places.get(name) for name in PARAMETERS)
        self._parameters = parameters
        self._inputs = inputs

    def check(self, number: int, cells: Sequence[Any]) -> Checked:
        """The row that `cells` make, or why they make none."""
        findings = Findings()
        row_id = self._id(cells, findings)
        parameters = self._parameters.resolve(*self._parameter_cells(cells, findings))
        inputs = self._inputs.check(parameters.op, _RowCells(self, cells, findings), findings)
        findings.faults += parameters.faults
        carried = self._carry(cells, findings)
        kept = kept_format(parameters, inputs)
        file_name = self._file_name(number, row_id, cells, parameters, kept, carried, findings)
        findings.warnings += parameters.warnings
        refusal = self._refusal(findings)
        if findings.faults:
            return Checked(None, row_id, file_name, findings.faults, findings.warnings)
        row = Row(
            number=number,
            id=row_id,
            op=parameters.op,
            transcript=inputs.transcript,
            text=inputs.text,
            voice_id=parameters.voice.id if parameters.voice else "",
            model=parameters.model,
            language=parameters.language,
            format=kept.asked if kept else parameters.format,
            kept_format=kept,
            file_name=file_name,
            speed=parameters.speed,
            emotion=parameters.emotion,
            audio=inputs.audio,
            left=inputs.left,
            right=inputs.right,
            from_s=inputs.from_s,
            to_s=inputs.to_s,
            splice=parameters.splice,
            timestamps=parameters.timestamps,
            text_formats=parameters.text_formats,
            refusal=refusal,
            carried=carried,
        )
        return Checked(row, row_id, file_name, (), findings.warnings)

    def _refusal(self, findings: Findings) -> Refusal | None:
        """In a listing, what is wrong with a file is no fault of the manifest, but the end of its row."""
        if not self._listing or not findings.faults or not all(fault.code for fault in findings.faults):
            return None
        first = findings.faults[0]
        findings.faults.clear()
        return Refusal(first.code, _BAD_NAME if first.code == "bad_name" else first.why)

    def cell(self, cells: Sequence[Any], column: str, findings: Findings) -> str:
        """The text of the cell in one of our columns; empty where there is none."""
        place = self._places.get(column)
        if place is None:
            return ""
        value = cells[place]
        text = value if type(value) is str else as_text(value, column, findings)
        return with_decimal_point(text) if self._decimal_comma and column in DECIMALS else text

    def value(self, cells: Sequence[Any], column: str) -> Any:  # noqa: ANN401 - cells are of any type
        """The cell in one of our columns, of whatever type; None where there is no such column."""
        place = self._places.get(column)
        return None if place is None else cells[place]

    def _id(self, cells: Sequence[Any], findings: Findings) -> str:
        if "id" not in self._places:
            return self._id_of_recording(cells, findings)
        before = len(findings.faults)
        row_id = self.cell(cells, "id", findings)
        if len(findings.faults) > before:
            return ""
        if not row_id:
            findings.fault("id", "the id is missing; give each row a name of its own")
        elif not row_id.isprintable() and (why := _unusable_in_name(row_id)):
            findings.fault("id", why)
        elif len(row_id) > MAX_ID_CHARACTERS:
            findings.fault(
                "id", f"the id has {len(row_id):,} characters, the most is {MAX_ID_CHARACTERS:,}; shorten it"
            )
        else:
            if row_id.isspace():
                findings.warn("id", "the id is nothing but blanks; give the row a name that can be seen")
            return row_id
        return ""

    def _id_of_recording(self, cells: Sequence[Any], findings: Findings) -> str:
        """The name of the recording without its extension, and where the passage begins if one is given."""
        if "audio" not in self._places:
            return ""
        value = self.value(cells, "audio")
        embedded = embedded_audio(value)
        name = str(embedded.get("path") or "") if embedded else value if isinstance(value, str) else ""
        name = name.strip().removeprefix("./")
        stem = name.removesuffix(PurePosixPath(name).suffix)
        if not stem or _unusable_in_name(stem):
            findings.fault("id", "the row has no id, and none can be made of its recording's name; add a column id")
            return ""
        start = self.cell(cells, "from_s", Findings()).strip()
        return f"{stem}-{start}" if start else stem

    def _parameter_cells(self, cells: Sequence[Any], findings: Findings) -> list[str]:
        texts = ["" if place is None else cells[place] for place in self._parameter_places]
        for position, value in enumerate(texts):
            text = value if type(value) is str else as_text(value, PARAMETERS[position], findings)
            if self._decimal_comma and PARAMETERS[position] in DECIMALS:
                text = with_decimal_point(text)
            if text and (why := _unusable_value(text)):
                findings.fault(PARAMETERS[position], why)
                text = ""
            texts[position] = text
        return texts

    def _carry(self, cells: Sequence[Any], findings: Findings) -> dict[str, Any]:
        carried = {}
        for name, place in self._carried:
            value = cells[place]
            if type(value) is not str:
                value = _plain(value)
            if type(value) is str:
                if len(value) > MAX_CHARACTERS:
                    findings.fault(name, f"the cell has {len(value):,} characters, the most is {MAX_CHARACTERS:,}")
                elif not value.isprintable() and (why := _unusable_in_table(value)):
                    findings.fault(name, why)
            carried[name] = value
        return carried

    def _file_name(
        self,
        number: int,
        row_id: str,
        cells: Sequence[Any],
        parameters: Parameters,
        kept: KeptFormat | None,
        carried: Mapping[str, Any],
        findings: Findings,
    ) -> str:
        before = len(findings.faults)
        out = self.cell(cells, "out", findings).strip()
        if why := _unusable_value(out):
            findings.fault("out", why)
        kind = _kind(parameters, kept)
        if kind is None or len(findings.faults) > before:
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
        except outputs.OutputFault as fault:
            findings.fault("out", str(fault))
            return ""


class _RowCells(Cells):
    """The cells of one row, for the check of its inputs."""

    def __init__(self, check: RowCheck, cells: Sequence[Any], findings: Findings) -> None:
        self._check = check
        self._cells = cells
        self._findings = findings

    def text(self, column: str) -> str:
        return self._check.cell(self._cells, column, self._findings)

    def embedded_audio(self, column: str) -> Mapping[str, Any] | None:
        return embedded_audio(self._check.value(self._cells, column))


def _kind(parameters: Parameters, kept: KeptFormat | None) -> outputs.Kind | None:
    if kept is not None:
        return outputs.Kind.kept(kept)
    if parameters.format is not None:
        return outputs.Kind.audio(parameters.format)
    if parameters.op in AUDIO_OPS or not parameters.text_formats:
        return None
    return outputs.Kind.text(parameters.text_formats)


def _unusable_value(text: str) -> str:
    if len(text) > MAX_VALUE_CHARACTERS:
        return f"the cell has {len(text):,} characters, which is no value for this column; correct it"
    return "" if text.isprintable() else unusable_character(text)


def _unusable_in_name(text: str) -> str:
    if why := unusable_character(text):
        return why
    return "there is a tab or a line end in the id; remove it" if any(c in text for c in "\t\n\r") else ""


def _unusable_in_table(text: str) -> str:
    """Control characters other than NUL are the user's own business in a column that is not ours."""
    return unusable_character(text.translate(_CONTROLS_AS_BLANKS))


def _plain(value: object) -> object:
    if isinstance(value, list | dict | tuple):
        return json.dumps(value, ensure_ascii=False, default=str)
    if isinstance(value, int) and not -_LARGEST_TABLE_INTEGER <= value < _LARGEST_TABLE_INTEGER:
        return str(value)
    return value
