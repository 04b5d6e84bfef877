"""Pronunciations in the texts of calls."""

import pytest

from tests.planning.rows import row, with_fields
from voicemill.config import LongText
from voicemill.model import Pronunciation, SpeakerPart, Tts
from voicemill.planning.pronounce import phonemes, pronounced, shown
from voicemill.planning.row_calls import plan_row

_LONG = LongText()


def _sent(text: str, *rules: Pronunciation, service: str = "cartesia") -> str:
    return pronounced(text, rules, service).sent


@pytest.mark.parametrize(
    ("rule", "text", "sent"),
    [
        (Pronunciation("Ng", "Ing"), "Ng sang; ng, Ngo.", "Ing sang; Ing, Ngo."),
        (Pronunciation("Ng", "Ing", match_case=True), "Ng sang ng.", "Ing sang ng."),
        (Pronunciation("ough", "uff", whole_word=False), "tough", "tuff"),
        (Pronunciation("St. Ives", "Saint Ives"), "to St.  Ives.", "to Saint Ives."),
        (Pronunciation("bayou", ipa="ˈbaju"), "a bayou", "a <<ˈ|b|a|j|u>>"),
        (Pronunciation("break", "brake"), '<break time="1s"/> a break', '<break time="1s"/> a brake'),
        (Pronunciation("AB", "ay bee"), "<spell>AB</spell> AB", "<spell>AB</spell> ay bee"),
    ],
)
def test_words_are_replaced_in_what_is_sent(rule: Pronunciation, text: str, sent: str) -> None:
    """Whole words and case count as the rule says; the service's tags and spelled text stay."""
    assert _sent(text, rule) == sent


def test_the_longest_rule_counts_and_nothing_is_replaced_twice() -> None:
    """If several rules match at one place the longest is used, and its replacement is not searched again."""
    rules = (Pronunciation("Sea", "Sey"), Pronunciation("Red Sea", "Sea red"))
    assert _sent("The Red Sea, the Sea.", *rules) == "The Sea red, the Sey."


def test_the_shown_text_can_be_restored() -> None:
    """What is shown for each passage is known, in its place."""
    found = pronounced("Ng saw ng.", (Pronunciation("ng", "Ing"),), "cartesia")
    assert [found.sent[start:stop] for start, stop, _ in found.replaced] == ["Ing", "Ing"]
    assert shown(found.sent, found.replaced) == "Ng saw ng."


@pytest.mark.parametrize(
    ("service", "sent"),
    [
        ("embedded/1", "a <<ˈ|b|a|j|u>>"),
        ("embedded/1+hibari.0.2.1.abc.2+whisper-base.abc", "a <<ˈ|b|a|j|u>>"),
        ("embedded/1+openai.server.abc", "a bayou"),
    ],
)
def test_embedded_engine_gets_words_or_phonemes(service: str, sent: str) -> None:
    """The embedded engine gets `say`, or else the phonemes, unless another speech server speaks."""
    rule = Pronunciation("bayou", "by-oo", "ˈbaju")
    assert _sent("a bayou", rule, service=service) == "a by-oo"
    assert _sent("a bayou", rule._replace(say=""), service=service) == sent


def test_phonemes_are_separated() -> None:
    """Affricates and diphthongs are one phoneme, length marks belong to the one before; bars are kept."""
    assert phonemes("/dʒuːn/") == ["dʒ", "uː", "n"]
    assert phonemes("k|w|i") == ["k", "w", "i"]


def test_texts_without_the_words_keep_their_keys() -> None:
    """A pronunciation changes the key of the calls that have its words, and of no other."""
    plain = plan_row(row("The boat is here.\n\nBen is there."), "s", LongText(max_characters_per_call=50))
    other = with_fields(plain.row, pronunciations=(Pronunciation("Ben", "Benn"),))
    changed = plan_row(other, "s", LongText(max_characters_per_call=50))
    assert changed.pieces[0].call.key == plain.pieces[0].call.key
    assert changed.pieces[1].call.key != plain.pieces[1].call.key


def test_each_part_is_spoken_by_its_speaker() -> None:
    """The calls of a part have its voice and controls; a part within a paragraph ends with a short pause."""
    parts = (
        SpeakerPart("The boat came.\n\n", "", "v1"),
        SpeakerPart("Where?", "Ben", "v2", "fast", ("curious",), 0.8),
        SpeakerPart(" said Ben.", "", "v1"),
    )
    spoken = row("".join(part.text for part in parts), parts=parts)
    calls = [(piece.call, piece.pause_s) for piece in plan_row(spoken, "s", _LONG).pieces]
    found = [(call.transcript, call.voice_id, call.speed) for call, _ in calls if isinstance(call, Tts)]
    assert found == [
        ("The boat came.", "v1", None),
        ('<volume ratio="0.8"/> Where?', "v2", "fast"),
        ("said Ben.", "v1", None),
    ]
    assert [pause_s for _, pause_s in calls[:2]] == [_LONG.paragraph_pause_s, _LONG.sentence_pause_s]
