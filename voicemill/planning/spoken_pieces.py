"""Derive the texts to send from a row: split by speaker and by length, with pronunciations and volume tags."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

from voicemill.config import LongText
from voicemill.model import Row, SpeakerPart
from voicemill.model.service_tags import edge_pauses_s, without_tags
from voicemill.planning.pronounce import Replaced, pronounced
from voicemill.planning.split_text import Boundary, Piece, can_be_spoken, split


class SpokenPiece(NamedTuple):
    """The text of one call, its speaker, the pause after it, and the words to show for replaced passages."""

    part: SpeakerPart
    sent: str
    pause_s: float
    replaced: tuple[Replaced, ...]


def spoken_pieces(row: Row, service: str, long_text: LongText) -> list[SpokenPiece]:
    """The texts of the calls of a row that speaks a text, in order."""
    found: list[SpokenPiece] = []
    for part, piece in _split(row, long_text.max_characters_per_call):
        pause_s = max(_pause_s(piece.ends_at, long_text), _pause_of_silent_part(part, row))
        if piece.spoken:
            sent, replaced = pronounced(piece.spoken, row.speech.pronunciations, service)
            tag = _volume_tag(part)
            moved = tuple(Replaced(start + len(tag), stop + len(tag), shown) for start, stop, shown in replaced)
            found.append(SpokenPiece(part, tag + sent, pause_s, moved))
        elif found:
            found[-1] = found[-1]._replace(pause_s=max(pause_s, found[-1].pause_s))
    return _with_pauses_of_tags(found)


def _with_pauses_of_tags(pieces: list[SpokenPiece]) -> list[SpokenPiece]:
    """The pieces with the pauses that tags at their edges ask for: joining trims the silence that was generated."""
    edges = [edge_pauses_s(piece.sent) for piece in pieces]
    wanted_s = [after + before for (_, after), (before, _) in pairwise(edges)]
    return [
        piece._replace(pause_s=max(piece.pause_s, pause_s))
        for piece, pause_s in zip(pieces, [*wanted_s, 0.0], strict=False)
    ]


def _split(row: Row, max_characters: int) -> Iterator[tuple[SpeakerPart, Piece]]:
    """The pieces of each part. A part ends with the pause of a paragraph if its text does, else of a sentence."""
    speech = row.speech
    if not speech.parts:
        alone = SpeakerPart(speech.text, "", speech.voice_id, speech.speed, speech.emotion)
        yield from ((alone, piece) for piece in split(speech.text, row.language, max_characters))
        return
    for part in speech.parts:
        pieces = split(part.text, row.language, max_characters)
        for index, piece in enumerate(pieces):
            is_last = index == len(pieces) - 1
            yield part, replace(piece, ends_at=_end_of(part.text, piece.ends_at)) if is_last else piece


def _pause_of_silent_part(part: SpeakerPart, row: Row) -> float:
    """The pause that a line with only a tag asks for between the lines of speakers, in seconds."""
    is_silent = bool(row.speech.parts) and not can_be_spoken(without_tags(part.text))
    return edge_pauses_s(part.text)[0] if is_silent else 0.0


def _end_of(text: str, ends_at: Boundary) -> Boundary:
    if "\n" not in text[len(text.rstrip()) :]:
        return Boundary.SENTENCE
    return Boundary.SECTION if ends_at is Boundary.SECTION else Boundary.PARAGRAPH


def _volume_tag(part: SpeakerPart) -> str:
    return "" if part.volume == 1.0 else f'<volume ratio="{part.volume:g}"/> '


def _pause_s(boundary: Boundary, long_text: LongText) -> float:
    return {
        Boundary.CLAUSE: 0.0,
        Boundary.SENTENCE: long_text.sentence_pause_s,
        Boundary.PARAGRAPH: long_text.paragraph_pause_s,
        Boundary.SECTION: long_text.section_pause_s,
    }[boundary]
