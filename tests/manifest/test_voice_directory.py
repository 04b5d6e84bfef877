"""Voices by id and by name."""

import pytest

from tests.manifest.read_manifest import ANNA, BERTA, TWINS, VOICES
from voicemill.manifest import VoiceDirectory
from voicemill.model import Voice


@pytest.mark.parametrize("wanted", [ANNA.id, ANNA.id.upper(), "Anna", "ANNA", " anna "])
def test_a_voice_is_found_by_id_or_name(wanted: str) -> None:
    """Upper and lower case are alike."""
    assert VOICES.resolve(wanted, "de") == ANNA


def test_names_are_alike_in_every_unicode_form() -> None:
    """`Zoë` is found however its ë is composed."""
    zoe = Voice("z", "Zoe\u0308", "en")
    assert VoiceDirectory([zoe]).resolve("ZO\u00cb", "en") == zoe


def test_an_id_comes_before_a_name() -> None:
    """A voice that is named like another's id does not hide it."""
    assert VoiceDirectory([Voice("x", ANNA.id, "en"), ANNA]).resolve(ANNA.id, "en") == ANNA


def test_duplicate_ids_select_the_first_voice() -> None:
    """The order is that of the service."""
    book = VoiceDirectory([Voice("x", "One", "en"), Voice("X", "Two", "en")])
    assert book.resolve("x", "en").name == "One"


@pytest.mark.parametrize(("language", "voice"), [("en", ANNA), ("de", BERTA), ("de-AT", BERTA), ("FR", TWINS[1])])
def test_no_name_means_the_first_speaker_of_the_language(language: str, voice: Voice) -> None:
    """The service's order decides."""
    assert VOICES.resolve("", language) == voice


def test_a_voice_with_a_region_speaks_its_language() -> None:
    """`en-GB` is English."""
    british = Voice("b", "Brit", "en_GB")
    assert VoiceDirectory([BERTA, british]).resolve("", "en") == british


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("Bertha", "did you mean 'Berta'"),
        ("Gemini", f"write the id of the one you mean: {TWINS[0].id} (en), {TWINS[1].id} (fr)"),
        ("Quetzalcoatl", "'voicemill voices list' prints, such as 'Anna', 'Berta'"),
    ],
)
def test_unknown_and_ambiguous_names_are_explained(name: str, says: str) -> None:
    """The error says what to write instead."""
    with pytest.raises(LookupError) as caught:
        VOICES.resolve(name, "en")
    assert says in str(caught.value)


def test_a_service_without_voices_is_reported() -> None:
    """The error suggests no voice."""
    with pytest.raises(LookupError, match="lists no voices"):
        VoiceDirectory([]).resolve("Anna", "en")
    with pytest.raises(LookupError, match="none for the language 'en'"):
        VoiceDirectory([]).resolve("", "en")


def test_suggestions_are_limited() -> None:
    """After a thousand wrong names, messages no longer suggest similar ones."""
    book = VoiceDirectory([ANNA])
    messages = []
    for _ in range(1001):
        with pytest.raises(LookupError) as caught:
            book.resolve("Ana", "en")
        messages.append(str(caught.value))
    assert "did you mean" in messages[999]
    assert "did you mean" not in messages[1000]
