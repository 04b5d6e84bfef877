"""Amounts in words, the same ones before a run, while it goes, and after it."""

from datetime import timedelta


def counted(number: int, noun: str) -> str:
    """A number with its noun, in the plural where there is not just one."""
    return f"{number:,} {noun}" + "s" * (number != 1)


def span(seconds: float) -> str:
    """A time, as `0:00:14`."""
    return str(timedelta(seconds=round(seconds)))


def needed(calls: int, characters: int, heard_s: float, changed_s: float) -> str:
    """What rows need of the service: calls, and what they send. Of text, the characters as they are sent and billed."""
    parts = [counted(calls, "call")]
    if characters:
        parts.append(counted(characters, "character"))
    if heard_s:
        parts.append(f"{span(heard_s)} to hear")
    if changed_s:
        parts.append(f"{span(changed_s)} to give another voice")
    return ", ".join(parts)


def came_of_it(heard_s: float, changed_s: float, made_s: float) -> list[str]:
    """What became of audio: how much was heard, how much got another voice, and how much there is that is new."""
    parts = [f"{span(heard_s)} heard"] if heard_s else []
    if changed_s:
        parts.append(f"{span(changed_s)} given another voice")
    if made_s:
        parts.append(f"{span(made_s)} of new audio")
    return parts
