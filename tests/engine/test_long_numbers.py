"""Numbers of any length are pronounced."""

from voicemill.engine.synthesis.pronunciation import Pronouncer


def test_a_number_without_a_name_is_read_digit_by_digit() -> None:
    """The rules have a word for the size of numbers of up to 36 digits, and raise an error for a longer one."""
    pronouncer = Pronouncer(british=False)

    def phonemes(text: str) -> str:
        return "".join(token.phonemes for phrase in pronouncer.phrases(text) for token in phrase)

    assert phonemes("1" * 37) == phonemes("1," * 36 + "1") == phonemes(" ".join("1" * 37))
    assert phonemes("1" * 36) != phonemes(" ".join("1" * 36))
