"""The cells that name the inputs of an operation: a text, recordings, or a passage of a recording."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from voicemill.manifest.problems import CellReport
from voicemill.manifest.recording_cells import OUTPUT_MARK, RecordingFolder, seconds
from voicemill.manifest.text_cells import TextFolder, checked_text
from voicemill.model import NO_SOURCE, Op, Recording, SourceAudio
from voicemill.text.doubtful_text import doubts_in
from voicemill.text.markdown import without_marks

_TIMES: Final = ("from_s", "to_s", "duration")
_UNUSED: Final[Mapping[Op, tuple[str, ...]]] = {
    Op.TTS: ("audio", "left_audio", "right_audio", "audio_track", *_TIMES),
    Op.STT: ("left_audio", "right_audio"),
    Op.VOICE_CHANGE: ("transcript", "text_file", "left_audio", "right_audio"),
    Op.INFILL: (),
}
"""The inputs that an operation does not use."""

_PADDING_S: Final = 0.25
"""A player may show a length that exceeds the decoded sound by this much."""

_ROUNDING_S: Final = 0.1
"""A passage may end this long after its recording, because manifests round durations."""


class Cells(Protocol):
    """The cells of one row in voicemill's columns."""

    @abstractmethod
    def text(self, column: str) -> str:
        """The text of a cell; empty if the manifest has no such column."""
        ...

    @abstractmethod
    def embedded_audio(self, column: str) -> Mapping[str, Any] | None:
        """The value of a cell that contains audio, with `bytes` and `path`; None for any other cell."""
        ...


@dataclass(frozen=True, slots=True)
class Inputs:
    """The inputs of a row; those that its operation does not use are empty."""

    text: str = ""
    text_from: Recording | None = None
    """The row whose transcript is spoken."""
    source: SourceAudio = NO_SOURCE


@dataclass(frozen=True, slots=True)
class Passage:
    """A part of a recording, in seconds from its start; None is the start or the end of the recording."""

    from_s: float | None = None
    to_s: float | None = None


class InputCheck:
    """Checks the inputs of the rows of one manifest. `places` are its columns.

    With `markdown`, Markdown marks are removed from texts to speak. `audio_track` is the track of a recording to use if
    a row does not name one.
    """

    def __init__(
        self,
        places: Mapping[str, int],
        texts: TextFolder,
        recordings: RecordingFolder,
        *,
        markdown: bool = False,
        audio_track: str = "",
    ) -> None:
        self._audio_track = audio_track
        self._markdown = markdown
        self._places = places
        self._texts = texts
        self._recordings = recordings

    def check(self, op: Op, cells: Cells, report: CellReport) -> Inputs:
        """The inputs of a row for `op`; adds their problems to `report`."""
        if op is Op.TTS and self._is_recording_only(cells):
            report.problem(
                "audio",
                "the row has a recording but no text to speak; add --op stt, --op voice_change "
                "or --op infill, or a column op",
            )
            return Inputs()
        self._note_unused(op, cells, report)
        match op:
            case Op.TTS:
                return self._spoken(cells, report)
            case Op.INFILL:
                return self._infill(cells, report)
            case Op.STT:
                reference = self._reference(cells, report)
                return Inputs(source=replace(self._source(op, cells, report), reference=reference))
            case Op.VOICE_CHANGE:
                return Inputs(source=self._source(op, cells, report))

    def _is_recording_only(self, cells: Cells) -> bool:
        return self._has("audio", cells) and not (self._has("transcript", cells) or self._has("text_file", cells))

    def _source(self, op: Op, cells: Cells, report: CellReport) -> SourceAudio:
        audio = self._needed("audio", op, cells, report)
        passage = self._passage(cells, report)
        if audio is None:
            return NO_SOURCE
        end_column = "to_s" if self._has("to_s", cells) else "duration"
        passage = _within(passage, audio, end_column, report)
        if passage.to_s is not None and not {"from_s", "to_s"} & self._places.keys():
            _note_rest(audio.duration_s - passage.to_s, report)
        return SourceAudio(audio, from_s=passage.from_s, to_s=passage.to_s)

    def _infill(self, cells: Cells, report: CellReport) -> Inputs:
        inputs = self._spoken(cells, report)
        whole = self._recording("audio", cells, report)
        sides = (self._recording("left_audio", cells, report), self._recording("right_audio", cells, report))
        gap = self._passage(cells, report)
        if whole is None:
            if not any(sides) and not report.problems:
                report.problem(
                    self._present("audio", "left_audio"),
                    "infill needs audio with from_s and to_s, or left_audio, right_audio or both; fill them in",
                )
            return replace(inputs, source=SourceAudio(left=sides[0], right=sides[1]))
        if any(sides):
            report.problem(
                "audio", "audio is given together with left_audio or right_audio; leave audio empty, or the other two"
            )
        _check_gap(gap, float("inf") if whole.made_by else whole.duration_s, report)
        return replace(inputs, source=SourceAudio(whole, from_s=gap.from_s, to_s=gap.to_s))

    def _passage(self, cells: Cells, report: CellReport) -> Passage:
        """The part of the recording that the row names by its start, and its end or duration."""
        from_s, to_s, duration_s = (seconds(cells.text(column), column, report) for column in _TIMES)
        if duration_s is None:
            return Passage(from_s, to_s)
        end_s = round((from_s or 0.0) + duration_s, 6)
        if to_s is not None and abs(to_s - end_s) > _ROUNDING_S:
            why = f"to_s ends the passage at {to_s:g} s, but duration at {end_s:g} s; leave one of the cells empty"
            report.problem("duration", why)
        return Passage(from_s, end_s if to_s is None else to_s)

    def _needed(self, column: str, op: Op, cells: Cells, report: CellReport) -> Recording | None:
        if not self._has(column, cells):
            report.problem(column, f"{op.value} needs the name of an audio file here; fill it in or remove the row")
            return None
        return self._recording(column, cells, report)

    def _recording(self, column: str, cells: Cells, report: CellReport) -> Recording | None:
        track = cells.text("audio_track").strip() or self._audio_track
        if (embedded := cells.embedded_audio(column)) is not None:
            return self._recordings.embedded(embedded, column, report, track)
        name = cells.text(column)
        return self._recordings.find(name, column, report, track) if name.strip() else None

    def _spoken(self, cells: Cells, report: CellReport) -> Inputs:
        file = cells.text("text_file")
        if self._recordings.takes_outputs and file.startswith(OUTPUT_MARK) and not self._has("transcript", cells):
            return Inputs(text_from=Recording(made_by=file.removeprefix(OUTPUT_MARK)))
        transcript = self._transcript(cells, report)
        column = "transcript" if self._has("transcript", cells) else "text_file"
        if transcript and self._markdown:
            transcript = checked_text(without_marks(transcript), column, report)
        for doubt in doubts_in(transcript):
            report.warn(column, f"{file!r}: {doubt}" if column == "text_file" else doubt)
        return Inputs(transcript)

    def _transcript(self, cells: Cells, report: CellReport) -> str:
        before = len(report.problems)
        text, file = cells.text("transcript"), cells.text("text_file")
        if len(report.problems) > before:
            return ""
        if file.strip():
            if text.strip():
                report.problem("text_file", "both transcript and text_file are given; leave one of them empty")
                return ""
            return self._texts.read(file, report) or ""
        if text.strip():
            return checked_text(text, "transcript", report)
        if "transcript" in self._places and "text_file" in self._places:
            report.problem("transcript", "the text is empty; fill in transcript or text_file")
        elif self._places:
            column = self._present("transcript", "text_file")
            report.problem(column, "the text is empty; write a text or remove the row")
        return ""

    def _reference(self, cells: Cells, report: CellReport) -> str:
        """The known text of a recording, to compare the transcript with; a row may have none."""
        given = self._has("transcript", cells) or self._has("text_file", cells)
        return self._transcript(cells, report) if given else ""

    def _has(self, column: str, cells: Cells) -> bool:
        if column not in self._places:
            return False
        return cells.embedded_audio(column) is not None or bool(cells.text(column).strip())

    def _present(self, *columns: str) -> str:
        return next((column for column in columns if column in self._places), columns[0])

    def _note_unused(self, op: Op, cells: Cells, report: CellReport) -> None:
        for column in _UNUSED[op]:
            if self._has(column, cells):
                report.warn(column, f"{op.value} does not use this column; leave the cell empty")


def _within(passage: Passage, audio: Recording, end_column: str, report: CellReport) -> Passage:
    """The passage, limited to its recording; a passage that is the whole recording becomes an empty `Passage`."""
    if passage == Passage() or (audio.made_by and passage.from_s is None):
        return passage
    start_s, end_s = passage.from_s or 0.0, passage.to_s
    length_s = float("inf") if audio.made_by else audio.duration_s
    if end_s is None:
        end_s = length_s
    column = "from_s" if start_s >= length_s else end_column
    if start_s >= length_s or end_s > length_s + _ROUNDING_S:
        moment_s = start_s if column == "from_s" else end_s
        report.problem(column, f"{moment_s:g} s is after the end of the recording ({length_s:.2f} s); correct the time")
    elif start_s >= end_s:
        why = f"the passage ends at {end_s:g} s, which is not after its start at {start_s:g} s; correct the times"
        report.problem(end_column, why)
    if start_s == 0 and end_s >= length_s - _ROUNDING_S / 10:
        return Passage()
    return Passage(start_s, min(end_s, length_s))


def _note_rest(rest_s: float, report: CellReport) -> None:
    """Warn of a duration that leaves out the end of a recording: it may be that of the whole recording, rounded."""
    if rest_s > _ROUNDING_S:
        report.warn("duration", f"the recording is {rest_s:.2f} s longer than this, and the rest is not used")


def _check_gap(gap: Passage, duration_s: float, report: CellReport) -> None:
    from_s, to_s = gap.from_s, gap.to_s
    for column, moment_s in (("from_s", from_s), ("to_s", to_s)):
        if moment_s is None:
            if not any(problem.column == column for problem in report.problems):
                report.problem(column, "the time is missing; give the start and the end of the new speech in seconds")
        elif moment_s > duration_s + _PADDING_S:
            report.problem(
                column, f"{moment_s:g} s is after the end of the recording ({duration_s:.2f} s); correct the time"
            )
    if from_s is not None and to_s is not None and from_s > to_s:
        report.problem("to_s", f"the new speech ends at {to_s:g} s, before its start at {from_s:g} s; swap the times")
