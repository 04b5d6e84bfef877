"""Splits a transcript into passages that are spoken one after another."""

import sentencex

MOST_CHARACTERS = 500


def passages(transcript: str, language: str) -> list[str]:
    """Sentences in order. Those of more than 500 characters are split again at clauses or spaces.

    Pieces without a letter or a digit are omitted.
    """
    sentences = sentencex.segment(language, transcript)
    pieces = (piece.strip() for sentence in sentences for piece in _short_enough(sentence))
    return [piece for piece in pieces if has_speech(piece)]


def has_speech(text: str) -> bool:
    """Whether a text has a letter or a digit."""
    return any(character.isalnum() for character in text)


def _short_enough(text: str) -> list[str]:
    pieces: list[str] = []
    while len(text) > MOST_CHARACTERS:
        cut = _last_pause(text[:MOST_CHARACTERS])
        pieces.append(text[:cut])
        text = text[cut:]
    return [*pieces, text]


def _last_pause(text: str) -> int:
    """Where to split: after the last clause, else after the last space, else at the end."""
    clauses = [text.rfind(mark) + 1 for mark in ",;:，、；：—"]
    return max(clauses) if max(clauses) > len(text) // 3 else (text.rfind(" ") + 1 or len(text))
