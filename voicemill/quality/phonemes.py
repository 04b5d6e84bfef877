"""espeak-ng's phonemes of a text, and in the alphabet of the recognizer for words that its dictionary lacks.

espeak-ng keeps its state in globals, so use this in a worker process only.
"""

import ctypes
import importlib.util
import os
from functools import cache, lru_cache
from pathlib import Path
from typing import Final

_ENGLISH: Final = "en"
_VOICES: Final = {_ENGLISH: "gmw/en-US", "zh": "cmn", "no": "nb"}
"""espeak-ng's voices of languages for which it has another name."""
_NO_SOUND, _UTF8_TEXT = 2, 1
_SEPARATOR: Final = "_"
_IPA_WITH_SEPARATORS: Final = 0x02 | ord(_SEPARATOR) << 8

_ARPABET: Final = {
    "p": "P", "b": "B", "t": "T", "d": "D", "k": "K", "ɡ": "G", "g": "G", "f": "F", "v": "V", "θ": "TH", "ð": "DH",
    "s": "S", "z": "Z", "ʃ": "SH", "ʒ": "ZH", "h": "HH", "m": "M", "n": "N", "ŋ": "NG", "l": "L", "ɫ": "L", "ɹ": "R",
    "r": "R", "j": "Y", "w": "W", "ɾ": "T", "ʔ": "T", "x": "K", "ç": "HH", "tʃ": "CH", "dʒ": "JH", "ɬ": "L",
    "ɑ": "AA", "ɒ": "AA", "a": "AA", "æ": "AE", "ʌ": "AH", "ə": "AH", "ɐ": "AH", "ɔ": "AO", "o": "OW", "ɛ": "EH",
    "e": "EH", "ɜ": "ER", "ɚ": "ER", "ɝ": "ER", "ɪ": "IH", "ᵻ": "IH", "i": "IY", "ʊ": "UH", "u": "UW", "y": "UW",
    "ø": "ER", "œ": "ER", "aʊ": "AW", "aɪ": "AY", "eɪ": "EY", "oʊ": "OW", "əʊ": "OW", "ɔɪ": "OY", "oːɹ": "AO R",
    "ɔːɹ": "AO R", "ɑːɹ": "AA R", "ɪɹ": "IH R", "ɛɹ": "EH R", "ʊɹ": "UH R", "əl": "AH L", "iə": "IY AH", "aɪə": "AY AH",
    "aɪɚ": "AY ER", "n̩": "AH N", "l̩": "AH L", "m̩": "AH M", "ɔ̃": "AO N", "ɑ̃": "AA N", "nʲ": "N Y", "ts": "T S",
}  # fmt: skip
_MARKS: Final = str.maketrans("", "", "ˈˌːˑ")


class UnknownLanguage(LookupError):
    """espeak-ng has no voice of the language."""


def arpabet(text: str) -> str:
    """The phones of `text` as the recognizer names them, separated by spaces; empty if nothing is spoken."""
    return " ".join(filter(None, (_phones(name) for name in _ipa(text, _ENGLISH))))


def sounds(text: str, language: str) -> list[str]:
    """The phonemes of `text` without stress and length; its letters if espeak-ng does not know the language."""
    try:
        names = _ipa(text, language)
    except UnknownLanguage:
        return [character for character in text if character.isalnum()]
    return [bare for name in names if (bare := name.translate(_MARKS))]


def _phones(name: str) -> str:
    """One of espeak-ng's phonemes, which may be a diphthong or have a mark that we do not know."""
    bare = name.translate(_MARKS)
    if bare in _ARPABET:
        return _ARPABET[bare]
    longest = next((bare[:length] for length in range(len(bare) - 1, 0, -1) if bare[:length] in _ARPABET), "")
    return " ".join(filter(None, [_ARPABET.get(longest, ""), _phones(bare[max(1, len(longest)) :])])) if bare else ""


def _ipa(text: str, language: str) -> list[str]:
    library = _library()
    _choose_voice(language)
    position = ctypes.c_char_p(text.encode() + b"\0")
    pointer = ctypes.cast(ctypes.pointer(position), ctypes.POINTER(ctypes.c_void_p))
    names: list[str] = []
    while position.value:
        found = library.espeak_TextToPhonemes(pointer, _UTF8_TEXT, _IPA_WITH_SEPARATORS) or b""
        names += found.decode(errors="replace").replace(" ", _SEPARATOR).split(_SEPARATOR)
    return [name for name in names if name]


@lru_cache(1)
def _choose_voice(language: str) -> None:
    """Cached, because espeak-ng loads the voice again each time that it is chosen."""
    if _library().espeak_SetVoiceByName(_VOICES.get(language, language).encode()) != 0:
        raise UnknownLanguage(language)


@cache
def _library() -> ctypes.CDLL:
    package = importlib.util.find_spec("espeakng_loader")
    if package is None or package.origin is None:
        raise RuntimeError("espeakng_loader is not installed: pip install espeakng-loader")
    folder = Path(package.origin).parent
    # espeak-ng cuts paths to its data at 160 bytes, so the folder is entered and named as "here".
    os.chdir(folder)
    library = ctypes.CDLL(str(min(folder.glob("libespeak-ng.*"))))
    library.espeak_TextToPhonemes.restype = ctypes.c_char_p
    if library.espeak_Initialize(_NO_SOUND, 0, b".", 0) <= 0:
        raise RuntimeError(f"espeak-ng found no usable data in {folder}")
    return library
