"""Suggested speakers, and words that are likely misread."""

from pathlib import Path

import pytest

from tests.flows.commands import InThisProcess
from voicemill.book.speakers import suggestions, with_speakers
from voicemill.book.unknown_words import english_words, unknown_words
from voicemill.text.speaker_markup import parts_by_speaker

_DIALOGUE = """“Where is she?” said Ben. “I saw her.”

“Gone,” Ann answered.

“When?”

Mr. Poe said quietly, “At noon.”

He said, “No.”"""


@pytest.mark.parametrize(
    ("number", "speaker", "confidence"),
    [(0, "Ben", 0.95), (1, "Ben", 0.8), (2, "Ann", 0.95), (3, "Ben", 0.4), (4, "Mr. Poe", 0.85), (5, "Ben", 0.4)],
)
def test_speakers_are_suggested_by_the_words_beside_a_quotation(number: int, speaker: str, confidence: float) -> None:
    """A named tag gives a high confidence, an alternating dialogue a low one."""
    found = suggestions(_DIALOGUE)
    assert len(found) == 6
    assert (found[number].speaker, found[number].confidence) == (speaker, confidence)


def test_chosen_suggestions_become_markup() -> None:
    """The markup changes nothing of the shown text, and marked quotations are not suggested again."""
    chosen = [each for each in suggestions(_DIALOGUE) if each.confidence > 0.9]
    marked = with_speakers(_DIALOGUE, chosen)
    parts = parts_by_speaker(marked)
    assert "".join(part.text for part in parts) == _DIALOGUE
    assert [(part.speaker, part.text) for part in parts if part.speaker] == [
        ("Ben", "“Where is she?”"),
        ("Ann", "“Gone,”"),
    ]
    assert "“Where is she?”" not in [each.quote for each in suggestions(marked)]


def test_names_that_no_dictionary_has_are_found() -> None:
    """Known words and their forms, numerals and capitals at the start of a sentence are passed over."""
    text = "He saw Kwekweg. The boats of Kwekweg's men sailed; Zzyzx called. London was harpoonish. Chapter XIV."
    found = unknown_words([text], english_words())
    assert [(word.text, word.occurrences, word.is_name) for word in found] == [
        ("Kwekweg", 2, True),
        ("Zzyzx", 1, True),
        ("harpoonish", 1, False),
    ]
    assert [word.text for word in unknown_words([text], ())] == ["Kwekweg", "Zzyzx"]


def test_the_commands_write_what_they_suggest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Speakers are applied only where asked; unknown words get a sample and a line to fill in."""
    monkeypatch.chdir(tmp_path)
    Path("tale.txt").write_text("It is dark, Kwekweg.\n\n" + _DIALOGUE, encoding="utf-8")
    voicemill = InThisProcess(capfd)
    assert voicemill("book", "import", "tale.txt", "-o", "tale").code == 0
    [text] = Path("tale/texts").glob("001-*.txt")
    before = text.read_text(encoding="utf-8")
    assert voicemill("book", "speakers", "tale").code == 0
    assert text.read_text(encoding="utf-8") == before
    assert voicemill("book", "speakers", "tale", "--apply", "0.9").code == 0
    assert "{Ben|“Where is she?”} said Ben." in text.read_text(encoding="utf-8")
    assert Path("tale/cast.csv").read_text() == "speaker,voice,speed,emotion,volume\nnarrator,,,,\nBen,,,,\nAnn,,,,\n"
    found = voicemill("book", "pronunciations", "tale", "--unknown", "--samples", "samples", "--add")
    assert "Kwekweg" in found.stdout
    assert Path("samples/Kwekweg.wav").stat().st_size > 10_000
    assert "\nKwekweg,,,yes,no\n" in Path("tale/pronunciations.csv").read_text()
    assert voicemill("validate", "tale").code == 0
