"""The cells that say what an operation works on: a text, recordings, a stretch of one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from voicemill.manifest.problems import Findings
from voicemill.manifest.recording_cells import OUTPUT_MARK, RecordingFolder, seconds
from voicemill.manifest.text_cells import TextFolder, check_text
from voicemill.model import Op, Recording

Cell = Callable[[str], str]
"""The text of a row's cell in one of our columns."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a row works on, as far as its operation takes it."""

    transcript: str = ""
    text: Recording | None = None
    audio: Recording | None = None
    left: Recording | None = None
    right: Recording | None = None
    from_s: float | None = None
    to_s: float | None = None


class InputCheck:
    """Checks the inputs of one manifest's rows. `places` are the columns that it has."""

    def __init__(self, places: Mapping[str, int], texts: TextFolder, recordings: RecordingFolder) -> None:
        self._places = places
        self._texts = texts
        self._recordings = recordings

    def check(self, op: Op, cell: Cell, findings: Findings) -> Inputs:
        """The inputs of a row for `op`; where something is wrong with them, `findings` say what."""
        if op is Op.TTS:
            if self._has("audio", cell) and not (self._has("transcript", cell) or self._has("text_file", cell)):
                findings.fault(
                    "audio",
                    "the row has a recording and no text to speak; say what to do with it: --op stt, --op voice_change "
                    "or --op infill, or a column op",
                )
                return Inputs()
            self._note_unused(("audio", "left_audio", "right_audio", "from_s", "to_s"), op, cell, findings)
            return self._spoken(cell, findings)
        if op is Op.INFILL:
            return self._infill(cell, findings)
        texts = () if op is Op.STT else ("transcript", "text_file")
        self._note_unused((*texts, "left_audio", "right_audio", "from_s", "to_s"), op, cell, findings)
        reference = self._reference(cell, findings) if op is Op.STT else ""
        return Inputs(reference, audio=self._needed("audio", op, cell, findings))

    def _infill(self, cell: Cell, findings: Findings) -> Inputs:
        inputs = self._spoken(cell, findings)
        whole = self._recording("audio", cell, findings)
        sides = (self._recording("left_audio", cell, findings), self._recording("right_audio", cell, findings))
        from_s, to_s = (seconds(cell(column), column, findings) for column in ("from_s", "to_s"))
        if whole is None:
            if not any(sides) and not findings.faults:
                findings.fault(
                    self._present("audio", "left_audio"),
                    "infill needs audio with from_s and to_s, or left_audio, right_audio or both; fill them in",
                )
            return replace(inputs, left=sides[0], right=sides[1])
        if any(sides):
            findings.fault("audio", "both audio and left_audio or right_audio are given; leave one way empty")
        _check_gap(from_s, to_s, float("inf") if whole.made_by else whole.duration_s, findings)
        return replace(inputs, audio=whole, from_s=from_s, to_s=to_s)

    def _needed(self, column: str, op: Op, cell: Cell, findings: Findings) -> Recording | None:
        if not cell(column).strip():
            findings.fault(column, f"{op.value} needs the name of an audio file here; fill it in or remove the row")
            return None
        return self._recording(column, cell, findings)

    def _recording(self, column: str, cell: Cell, findings: Findings) -> Recording | None:
        name = cell(column)
        return self._recordings.find(name, column, findings) if name.strip() else None

    def _spoken(self, cell: Cell, findings: Findings) -> Inputs:
        file = cell("text_file")
        if self._recordings.takes_outputs and file.startswith(OUTPUT_MARK) and not cell("transcript").strip():
            return Inputs(text=Recording(made_by=file.removeprefix(OUTPUT_MARK)))
        return Inputs(self._transcript(cell, findings))

    def _transcript(self, cell: Cell, findings: Findings) -> str:
        before = len(findings.faults)
        text, file = cell("transcript"), cell("text_file")
        if len(findings.faults) > before:
            return ""
        if file.strip():
            if text.strip():
                findings.fault("text_file", "both transcript and text_file are given; leave one of them empty")
                return ""
            return self._text_of_file(file, findings)
        if text.strip():
            check_text(text, "transcript", findings)
        elif "transcript" in self._places and "text_file" in self._places:
            findings.fault("transcript", "the text is empty; fill in transcript or text_file")
        elif self._places:
            column = self._present("transcript", "text_file")
            findings.fault(column, "the text is empty; write one or remove the row")
        return text

    def _reference(self, cell: Cell, findings: Findings) -> str:
        """What a recording is known to say, to be held against what is heard; a row may do without."""
        given = self._has("transcript", cell) or self._has("text_file", cell)
        return self._transcript(cell, findings) if given else ""

    def _text_of_file(self, name: str, findings: Findings) -> str:
        text = self._texts.read(name, findings)
        if text is not None:
            check_text(text, "text_file", findings)
        return text or ""

    def _has(self, column: str, cell: Cell) -> bool:
        return column in self._places and bool(cell(column).strip())

    def _present(self, *columns: str) -> str:
        return next((column for column in columns if column in self._places), columns[0])

    def _note_unused(self, columns: tuple[str, ...], op: Op, cell: Cell, findings: Findings) -> None:
        for column in columns:
            if column in self._places and cell(column).strip():
                findings.warn(column, f"{op.value} takes no {column}, so this is not used; leave the cell empty")


def _check_gap(from_s: float | None, to_s: float | None, duration_s: float, findings: Findings) -> None:
    for column, moment_s in (("from_s", from_s), ("to_s", to_s)):
        if moment_s is None:
            if not any(fault.column == column for fault in findings.faults):
                findings.fault(column, "the time is missing; say in seconds where new speech begins and ends")
        elif moment_s > duration_s:
            findings.fault(column, f"{moment_s:g} s is after the end of the recording ({duration_s:.2f} s)")
    if from_s is not None and to_s is not None and from_s > to_s:
        findings.fault("to_s", f"the new speech would end at {to_s:g} s, before it begins at {from_s:g} s; swap them")
