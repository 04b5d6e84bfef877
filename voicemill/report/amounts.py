"""Amounts in words, the same ones before a run, while it goes, and after it."""

from datetime import timedelta


def counted(number: int, noun: str) -> str:
    """A number with its noun, in the plural where there is not just one."""
    return f"{number:,} {noun}" + "s" * (number != 1)


def span(seconds: float) -> str:
    """A time, as `0:00:14`."""
    return str(timedelta(seconds=round(seconds)))


def needed(calls: int, characters: int, transcribed_s: float, converted_s: float) -> str:
    """What rows need of the service: calls, and what they send. Of text, the characters as they are sent and billed."""
    parts = [counted(calls, "call")]
    if characters:
        parts.append(counted(characters, "character"))
    if transcribed_s:
        parts.append(f"{span(transcribed_s)} to hear")
    if converted_s:
        parts.append(f"{span(converted_s)} to give another voice")
    return ", ".join(parts)


def came_of_it(transcribed_s: float, converted_s: float, made_s: float) -> list[str]:
    """What became of audio: how much was heard, how much got another voice, and how much there is that is new."""
    parts = [f"{span(transcribed_s)} heard"] if transcribed_s else []
    if converted_s:
        parts.append(f"{span(converted_s)} given another voice")
    if made_s:
        parts.append(f"{span(made_s)} of new audio")
    return parts
