"""What the service is documented to know: languages, models, emotions.

Source: Cartesia's API of 2025-11-04 (42 languages; the client of 2026-08-14 adds Odia and Urdu) and the emotions that
`generation_config` lists. A language that is not here is refused; a model or an emotion only warns, for the service
adds them often.
"""

from typing import Final

LANGUAGES: Final = {
    "en": "english", "fr": "french", "de": "german", "es": "spanish", "pt": "portuguese", "zh": "chinese",
    "ja": "japanese", "hi": "hindi", "it": "italian", "ko": "korean", "nl": "dutch", "pl": "polish",
    "ru": "russian", "sv": "swedish", "tr": "turkish", "tl": "tagalog", "bg": "bulgarian", "ro": "romanian",
    "ar": "arabic", "cs": "czech", "el": "greek", "fi": "finnish", "hr": "croatian", "ms": "malay",
    "sk": "slovak", "da": "danish", "ta": "tamil", "uk": "ukrainian", "hu": "hungarian", "no": "norwegian",
    "vi": "vietnamese", "bn": "bengali", "th": "thai", "he": "hebrew", "ka": "georgian", "id": "indonesian",
    "te": "telugu", "gu": "gujarati", "kn": "kannada", "ml": "malayalam", "mr": "marathi", "pa": "punjabi",
    "or": "odia", "ur": "urdu",
}  # fmt: skip

STT_LANGUAGES: Final = frozenset({
    "en", "zh", "de", "es", "ru", "ko", "fr", "ja", "pt", "tr", "pl", "ca", "nl", "ar", "sv", "it", "id", "hi", "fi",
    "vi", "he", "uk", "el", "ms", "cs", "ro", "da", "hu", "ta", "no", "th", "ur", "hr", "bg", "lt", "la", "mi", "ml",
    "cy", "sk", "te", "fa", "lv", "bn", "sr", "az", "sl", "kn", "et", "mk", "br", "eu", "is", "hy", "ne", "mn", "bs",
    "kk", "sq", "sw", "gl", "mr", "pa", "si", "km", "sn", "yo", "so", "af", "oc", "ka", "be", "tg", "sd", "gu", "am",
    "yi", "lo", "uz", "fo", "ht", "ps", "tk", "nn", "mt", "sa", "lb", "my", "bo", "tl", "mg", "as", "tt", "haw",
    "ln", "ha", "ba", "jw", "su", "yue",
})  # fmt: skip
"""Whisper's, which `stt` takes as two or three letters."""

STT_MODELS: Final = frozenset({"ink-whisper", "ink-whisper-2025-06-04"})

MODELS: Final = frozenset({
    "sonic-2", "sonic-2-2025-04-16", "sonic-2-2025-05-08", "sonic-2-2025-06-11",
    "sonic-turbo", "sonic-turbo-2025-06-04",
    "sonic-3", "sonic-3-2025-10-27", "sonic-3-2026-01-12", "sonic-3.5", "sonic-3.5-2026-05-04", "sonic-latest",
})  # fmt: skip

SUNSET_MODELS: Final = frozenset({
    "sonic", "sonic-english", "sonic-multilingual", "sonic-2-2025-03-07", "sonic-turbo-2025-03-07",
})  # fmt: skip

EMOTIONS: Final = frozenset({
    "neutral", "happy", "excited", "enthusiastic", "elated", "euphoric", "triumphant", "amazed", "surprised",
    "flirtatious", "joking/comedic", "curious", "content", "peaceful", "serene", "calm", "grateful", "affectionate",
    "trust", "sympathetic", "anticipation", "mysterious", "angry", "mad", "outraged", "frustrated", "agitated",
    "threatened", "disgusted", "contempt", "envious", "sarcastic", "ironic", "sad", "dejected", "melancholic",
    "disappointed", "hurt", "guilty", "bored", "tired", "rejected", "nostalgic", "wistful", "apologetic", "hesitant",
    "insecure", "confused", "resigned", "anxious", "panicked", "alarmed", "scared", "proud", "confident", "distant",
    "skeptical", "contemplative", "determined",
})  # fmt: skip

OLDER_EMOTIONS: Final = ("anger", "positivity", "surprise", "sadness", "curiosity")
OLDER_EMOTION_LEVELS: Final = ("lowest", "low", "high", "highest")


def takes_factor(model: str) -> bool:
    """Whether a model takes a speed factor and one free emotion word (sonic-3 and later)."""
    return model.startswith(("sonic-3", "sonic-latest"))
