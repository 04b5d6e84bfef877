"""The checked passages of a row, for `passages.parquet`."""

from dataclasses import replace
from typing import Any

from voicemill.model import Call, Infill, Passage, Row, Stt, Tts, Verdict, VoiceChange
from voicemill.model.service_tags import without_tags
from voicemill.pipeline.assemble.assembled import Assembled
from voicemill.pipeline.check_answer import spoken_text
from voicemill.planning.pronounce import shown
from voicemill.planning.row_calls import CallPiece, RowPlan

Line = dict[str, Any]
"""A line of `passages.parquet`."""

Place = tuple[float | None, float | None]
"""Where a passage starts and ends in the file, in seconds; None if that is not known."""


def passages_of(plan: RowPlan, verdicts: tuple[Verdict, ...], assembled: Assembled) -> tuple[Passage, ...]:
    """The passages of a row; the times of findings are converted from the answer to the file."""
    places = _places(plan, assembled)
    return tuple(
        _passage(number, piece, verdict, place)
        for number, (piece, verdict, place) in enumerate(zip(plan.pieces, verdicts, places, strict=True), start=1)
    )


def _passage(number: int, piece: CallPiece, verdict: Verdict, place: Place) -> Passage:
    call = piece.call
    spoken = spoken_text(call)
    text = without_tags(piece.text or shown(spoken, piece.replaced))
    take = 0 if isinstance(call, Stt) else call.take
    return Passage(number, text, spoken, take, _moved(verdict, place), *place, piece.speaker)


def _moved(verdict: Verdict, place: Place) -> Verdict:
    start_s, end_s = place
    if start_s is None or end_s is None or not verdict.findings:
        return verdict
    moved = [
        replace(
            finding,
            start_s=round(min(start_s + finding.start_s, end_s), 3),
            end_s=round(min(start_s + finding.end_s, end_s), 3),
        )
        for finding in verdict.findings
    ]
    return replace(verdict, findings=tuple(moved))


def _places(plan: RowPlan, assembled: Assembled) -> list[Place]:
    if assembled.places_s:
        return [*assembled.places_s]
    calls = [piece.call for piece in plan.pieces]
    if len(calls) == 1 and isinstance(calls[0], Tts):
        return [(0.0, assembled.duration_s)]
    return [_place_without_pauses(call, plan.row, assembled) for call in calls]


def _place_without_pauses(call: Call, row: Row, assembled: Assembled) -> Place:
    if isinstance(call, VoiceChange):
        return call.clip.start_s, round(call.clip.start_s + call.clip.duration_s, 3)
    source = row.source
    if isinstance(call, Infill) and row.output.splice:
        start_s = source.gap_s[0] if source.audio is not None else (source.left.duration_s if source.left else 0.0)
        return start_s, round(start_s + assembled.receipts[0].duration_s, 3)
    return 0.0, assembled.duration_s


def as_kept(piece: CallPiece, line: Line) -> CallPiece:
    """A passage as planned, with the take and the words that its line in the table says were kept."""
    call = piece.call
    if isinstance(call, Tts | Infill):
        replaced = piece.replaced if call.transcript == line["spoken"] else ()
        return replace(piece, call=replace(call, transcript=line["spoken"], take=line["take"]), replaced=replaced)
    return replace(piece, call=replace(call, take=line["take"])) if isinstance(call, VoiceChange) else piece
