"""Amounts in words: the same before a run, while it runs, and after it."""

from datetime import timedelta


def counted(number: int, noun: str) -> str:
    """A number with its noun, in the plural unless the number is 1."""
    return f"{number:,} {noun}" + "s" * (number != 1)


def span(seconds: float) -> str:
    """A duration such as `0:00:14`."""
    return str(timedelta(seconds=round(seconds)))


def needed(calls: int, characters: int, transcribed_s: float, converted_s: float) -> str:
    """What rows need from the service: calls, billed characters, and seconds of recordings to process."""
    parts = [counted(calls, "call")]
    if characters:
        parts.append(counted(characters, "character"))
    if transcribed_s:
        parts.append(f"{span(transcribed_s)} to transcribe")
    if converted_s:
        parts.append(f"{span(converted_s)} to convert")
    return ", ".join(parts)


def produced(transcribed_s: float, converted_s: float, audio_s: float) -> list[str]:
    """What a run produced, in seconds of recordings transcribed and converted and of audio generated."""
    amounts = {"transcribed": transcribed_s, "converted": converted_s, "of audio generated": audio_s}
    return [f"{span(seconds)} {what}" for what, seconds in amounts.items() if seconds]
