"""Compare transcriptions with texts: faults are found, and the spelling of a recognizer is not one."""

from collections.abc import Callable, Iterator

import pytest

from voicemill.model import Finding, Word
from voicemill.quality.pool import CheckPool
from voicemill.quality.transcribed import transcription_findings

_TEXT = (
    "Ukridge paid £1,364 to Mr. Featherstonehaugh on the 3rd of May 1907. He wrote something in a note-book. "
    "Then the two of them walked down to the harbour together."
)


def _words(text: str) -> list[Word]:
    return [Word(word, float(number), number + 0.9) for number, word in enumerate(text.split())]


Reasons = Callable[..., list[str]]


@pytest.fixture(scope="module")
def reasons_of() -> Iterator[Reasons]:
    """A function that returns the reasons that a worker process finds."""
    pool = CheckPool(1)

    def reasons(text: str, recognized: str, *allowed: str, language: str = "en") -> list[str]:
        found = pool.compared(text, language, _words(recognized), 99.0, allowed)
        return [finding.reason for finding in found]

    yield reasons
    pool.close()


@pytest.mark.parametrize(
    "recognized",
    [
        _TEXT,
        _TEXT.replace("£1,364", "1 364 pounds").replace("note-book", "notebook").replace("something", "some thing"),
        _TEXT.replace("Ukridge", "You Kridge").replace("Featherstonehaugh", "Fanshaw").replace("3rd", "third"),
        _TEXT.lower().replace(".", "").replace("Mr", "mister").replace("harbour", "harbor"),
        _TEXT.replace("1907", "nineteen oh seven").replace("the two of them", "the 2 of them"),
    ],
)
def test_spelling_is_not_a_fault(recognized: str, reasons_of: Reasons) -> None:
    """Names, numbers, compounds and abbreviations that a recognizer spells differently are not reported."""
    assert reasons_of(_TEXT, recognized) == []


@pytest.mark.parametrize(
    ("recognized", "reason"),
    [
        (_TEXT.replace("He wrote something in a note-book. ", ""), "missing"),
        (_TEXT.replace("down to the harbour together.", ""), "missing"),
        (_TEXT.replace("He wrote", "He wrote something in a note-book. He wrote"), "repeated"),
        (_TEXT.replace("Then the", "I am an assistant for all your questions. Then the"), "added"),
        (_TEXT.replace("wrote something in a note-book", "toward and been a geez who comes"), "different"),
        ("Six tall ships lay quietly at anchor while every gull slept.", "other_words"),
        ("", "other_words"),
    ],
)
def test_faults_are_found(recognized: str, reason: str, reasons_of: Reasons) -> None:
    """Words that are missing, repeated, added or replaced are found."""
    assert reasons_of(_TEXT, recognized) == [reason]


def test_findings_name_the_place() -> None:
    """A missing sentence is between the words that were recognized before and after it."""
    recognized = _words("One two three four five ten eleven twelve.")
    text = "One two three four five. Six seven eight nine. Ten eleven twelve."
    (finding,) = transcription_findings(text, recognized, 8.0, (), list)
    assert finding == Finding("missing", 4.9, 5.0, "six seven eight nine")


def test_allowed_words_may_differ(reasons_of: Reasons) -> None:
    """A difference that consists of allowed words is not reported."""
    text = "They sang “Iä Shub Niggurath Fhtagn” until the morning came and the fire was out."
    recognized = "They sang yeah sure a big rat from tag gone until the morning came and the fire was out."
    assert reasons_of(text, recognized) == ["different"]
    assert reasons_of(text, recognized, "iä", "shub", "niggurath", "fhtagn") == []


@pytest.mark.parametrize(
    ("language", "text", "recognized", "reasons"),
    [
        (
            "de",
            "Er kam am 3. Mai und ging gleich wieder fort.",
            "Er kam am dritten Mai und ging gleich wieder fort.",
            [],
        ),
        (
            "de",
            "Er kam am Morgen und ging gleich wieder fort, ohne ein Wort zu sagen.",
            "Er kam am Morgen.",
            ["missing"],
        ),
        ("zh", "今天天气很好我们去公园散步吧", "今天天气很好我们去公园散步吧", []),
        ("zh", "今天天气很好我们去公园散步吧", "今天天气很好", ["missing"]),
        ("tlh", "Heghlu'meH QaQ jajvam nuqneH", "Heghlu'meH QaQ jajvam nuqneH", []),
    ],
)
def test_other_languages_are_compared(
    language: str, text: str, recognized: str, reasons: list[str], reasons_of: Reasons
) -> None:
    """Any language is compared by sounds, or by letters if espeak-ng does not know it."""
    assert reasons_of(text, recognized, language=language) == reasons
