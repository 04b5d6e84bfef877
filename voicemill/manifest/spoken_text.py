"""How the text of a row is spoken: divided among the speakers of a cast, and with the pronunciations that it needs."""

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Final

from voicemill.manifest import prosody as delivery
from voicemill.manifest.problems import CellReport, Choice
from voicemill.manifest.service_catalog import takes_factor
from voicemill.manifest.speech_files import NARRATOR, CastMember
from voicemill.manifest.voice_directory import VoiceDirectory
from voicemill.model import SPOKEN_OPS, Op, Pronunciation, Row, SpeakerPart, Speech
from voicemill.planning.line_ends import LINE_END
from voicemill.planning.pronounce import applies
from voicemill.text.speaker_markup import SpokenPart, parts_by_speaker

_COMBINATIONS_KEPT: Final = 4096
_LONGEST_LINE: Final = 80
_PARAGRAPHS = re.compile(r"(\n[^\S\n]*\n\s*)")


class SpokenText:
    """Applies a cast and pronunciations to rows. Without a cast, texts have no markup of speakers."""

    def __init__(
        self, voices: VoiceDirectory, cast: Mapping[str, CastMember] | None, rules: tuple[Pronunciation, ...]
    ) -> None:
        self._voices = voices
        self._cast = cast
        self._rules = rules
        self._part_as = lru_cache(_COMBINATIONS_KEPT)(self._member)

    def applied(self, row: Row, report: CellReport) -> Row:
        """The row with its speakers' parts and its pronunciations; adds problems of the markup to `report`."""
        if row.op not in SPOKEN_OPS:
            return row
        speech = row.speech
        if self._cast is not None and row.op is Op.TTS and speech.text_from is None:
            speech = self._with_parts(row, report)
        if self._rules:
            speech = replace(speech, pronunciations=self._needed(speech))
        return row if speech is row.speech else replace(row, speech=speech)

    def _needed(self, speech: Speech) -> tuple[Pronunciation, ...]:
        """The pronunciations of words in the text; all of them if the text is the output of another row."""
        if speech.text_from is not None:
            return self._rules
        return tuple(rule for rule in self._rules if applies(rule, speech.text))

    def _with_parts(self, row: Row, report: CellReport) -> Speech:
        spoken = [part._replace(text=_with_line_ends(part.text)) for part in parts_by_speaker(row.speech.text)]
        speech = replace(row.speech, text="".join(part.text for part in spoken))
        narrator = (self._cast or {}).get(NARRATOR, CastMember(NARRATOR))
        if narrator.volume == 1.0 and not any(_name(part) for part in spoken):
            return speech
        return replace(speech, parts=tuple(self._part(part, row, report) for part in spoken))

    def _part(self, spoken: SpokenPart, row: Row, report: CellReport) -> SpeakerPart:
        name = _name(spoken)
        member = (self._cast or {}).get(name or NARRATOR)
        if member is None and name:
            report.problem(
                "speaker", f"the speaker {spoken.speaker!r} of the text is not in the cast; add a line to it"
            )
        speech = row.speech
        own = SpeakerPart(spoken.text, "", speech.voice_id, speech.speed, speech.emotion)
        if member is None:
            return own
        if not name:
            return own._replace(volume=self._volume(member, row.model, report))
        part, problems = self._part_as(member, row.model, row.language)
        report.problems += problems.problems
        report.warnings += problems.warnings
        return part._replace(
            text=spoken.text,
            voice_id=part.voice_id or speech.voice_id,
            speed=speech.speed if part.speed is None else part.speed,
            emotion=part.emotion or speech.emotion,
        )

    def _member(self, member: CastMember, model: str, language: str) -> tuple[SpeakerPart, CellReport]:
        """The voice and the controls of a line of the cast, for a model and a language; the text is added later."""
        report = CellReport()
        voice_id = ""
        if member.voice:
            try:
                voice_id = self._voices.resolve(member.voice, language).id
            except LookupError as error:
                report.problem("voice", f"the speaker {member.speaker!r}: {error.args[0]}")
        speed = delivery.speed(Choice(member.speed, False), model, report)
        emotion = delivery.emotion(Choice(member.emotion, False), model, report)
        volume = self._volume(member, model, report)
        return SpeakerPart("", member.speaker, voice_id, speed, emotion, volume), report

    def _volume(self, member: CastMember, model: str, report: CellReport) -> float:
        if member.volume != 1.0 and not takes_factor(model):
            report.problem("volume", f"the model {model!r} does not support volume; use sonic-3, or clear the cell")
        return member.volume


def _name(part: SpokenPart) -> str:
    name = part.speaker.casefold()
    return "" if name == NARRATOR else name


def _with_line_ends(text: str) -> str:
    """The text with a mark at each line end within a paragraph of short lines: verse, lists and dialogue."""
    return "".join(piece if index % 2 else _marked(piece) for index, piece in enumerate(_PARAGRAPHS.split(text)))


def _marked(paragraph: str) -> str:
    body = paragraph.strip("\n")
    if "\n" not in body or max(map(len, body.split("\n"))) > _LONGEST_LINE:
        return paragraph
    start = paragraph.index(body)
    return paragraph[:start] + body.replace("\n", LINE_END) + paragraph[start + len(body) :]
