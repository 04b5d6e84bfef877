"""Word timestamps of texts with pronunciations."""

from voicemill.model import Word
from voicemill.text.shown_words import Shown, shown_words


def _timed(*words: str) -> list[Word]:
    return [Word(word, float(index), index + 1.0) for index, word in enumerate(words)]


def test_words_of_a_pronunciation_become_the_shown_word() -> None:
    """The shown word takes the time of all words that were sent for it."""
    found = shown_words(_timed("to", "quick", "wegg", "now"), "to quick wegg, now", [Shown(3, 13, "Kwekweg")])
    assert found == [Word("to", 0, 1), Word("Kwekweg", 1, 3), Word("now", 3, 4)]


def test_several_shown_words_share_the_time() -> None:
    """Shown words divide the time by their length."""
    found = shown_words(_timed("doctor"), "doctor", [Shown(0, 6, "Dr No")])
    assert found == [Word("Dr", 0, 0.5), Word("No", 0.5, 1)]


def test_words_that_the_service_renames_are_placed_by_their_neighbors() -> None:
    """A word that the sent text does not contain belongs to the replaced passage between its neighbors."""
    found = shown_words(_timed("to", "kwi", "now"), "to <<k|w|i>> now", [Shown(3, 12, "Kwi")])
    assert [word.word for word in found] == ["to", "Kwi", "now"]


def test_words_without_a_time_are_shown_between_their_neighbors() -> None:
    """A passage for which the service returns no word is still shown."""
    found = shown_words(_timed("to", "now"), "to <<k|w|i>> now", [Shown(3, 12, "Kwi")])
    assert [word.word for word in found] == ["to", "Kwi", "now"]
    assert shown_words(_timed("to"), "to <<k>>", [Shown(3, 8, "Kwi")])[-1].word == "Kwi"


def test_letters_joined_to_a_pronunciation_stay() -> None:
    """A possessive ending that belongs to the same word is kept."""
    found = shown_words(_timed("quick's", "boat"), "quick's boat", [Shown(0, 5, "Kwek")])
    assert [word.word for word in found] == ["Kwek's", "boat"]
