"""Read the files that say how texts are spoken: a cast, pronunciations, and words that checks do not compare."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from voicemill.errors import ManifestError, Problem
from voicemill.manifest.allowed_words import words_of_file
from voicemill.manifest.output_options import YES_OR_NO
from voicemill.manifest.problems import printable
from voicemill.manifest.text_encoding import decoded, encoding_name
from voicemill.model import Pronunciation

NARRATOR: Final = "narrator"
CAST_COLUMNS: Final = ("speaker", "voice", "speed", "emotion", "volume")
PRONUNCIATION_COLUMNS: Final = ("text", "say", "ipa", "whole_word", "match_case")
_QUIETEST, _LOUDEST = 0.5, 2.0
_MAX_BYTES: Final = 16 * 1024 * 1024
_MAX_CHARACTERS: Final = 200


class CastMember(NamedTuple):
    """A line of a cast: the cells of a speaker as they are written. `volume` is a factor."""

    speaker: str
    voice: str = ""
    speed: str = ""
    emotion: str = ""
    volume: float = 1.0


def read_cast(path: Path) -> dict[str, CastMember]:
    """The speakers of a cast by their names in lower case. Raises `ManifestError` with every problem."""
    problems: list[Problem] = []
    cast: dict[str, CastMember] = {}
    for number, cells in _lines(path, CAST_COLUMNS, ("speaker",)):
        speaker = cells["speaker"]
        if speaker.casefold() in cast:
            problems.append(Problem(number, "speaker", f"{speaker!r} has a line already; remove one of them"))
        volume = _volume(cells["volume"])
        if volume is None:
            why = f"{cells['volume']!r} is not a volume; use a factor from {_QUIETEST} to {_LOUDEST}, or leave it empty"
            problems.append(Problem(number, "volume", why))
        given = (cells["voice"], cells["speed"], cells["emotion"])
        cast[speaker.casefold()] = CastMember(speaker, *given, 1.0 if volume is None else volume)
    if problems:
        raise ManifestError(str(path), problems)
    return cast


def read_allowed_words(path: Path) -> frozenset[str]:
    """The words of a text file that checks do not compare, in lower case. Raises `ManifestError`."""
    return words_of_file(_text(path))


def read_pronunciations(path: Path) -> tuple[Pronunciation, ...]:
    """The pronunciations of a file; lines without `say` and `ipa` count as not filled in yet.

    Raises `ManifestError` with every problem.
    """
    problems: list[Problem] = []
    found: dict[tuple[str, bool], Pronunciation] = {}
    for number, cells in _lines(path, PRONUNCIATION_COLUMNS, ("text",)):
        text, say, ipa = " ".join(cells["text"].split()), " ".join(cells["say"].split()), cells["ipa"]
        choices = [YES_OR_NO.get(cells[name].casefold()) for name in ("whole_word", "match_case")]
        for name, choice in zip(("whole_word", "match_case"), choices, strict=True):
            if choice is None:
                problems.append(Problem(number, name, f"{cells[name]!r} is not yes or no"))
        problems += [Problem(number, name, why) for name in ("text", "say", "ipa") if (why := _unusable(cells[name]))]
        whole_word = choices[0] if cells["whole_word"] else True
        rule = Pronunciation(text, say, ipa, bool(whole_word), bool(choices[1]))
        key = (text if rule.match_case else text.casefold(), rule.match_case)
        if key in found:
            problems.append(Problem(number, "text", f"{text!r} has a line already; remove one of them"))
        elif say or ipa:
            found[key] = rule
    if problems:
        raise ManifestError(str(path), problems)
    return tuple(found.values())


def _lines(path: Path, columns: Sequence[str], needed: Sequence[str]) -> Iterator[tuple[int, Mapping[str, str]]]:
    """The lines of a file with a cell for each of `columns`; lines whose `needed` cells are empty are passed over."""
    reader = csv.DictReader(io.StringIO(_text(path)))
    names = [(name or "").strip().casefold() for name in reader.fieldnames or ()]
    if missing := [name for name in needed if name not in names]:
        raise _unreadable(path, f"there is no column {missing[0]!r}; the columns are {', '.join(columns)}")
    if unknown := [name for name in names if name and name not in columns]:
        raise _unreadable(path, f"there is no column {unknown[0]!r}; the columns are {', '.join(columns)}")
    reader.fieldnames = names
    for number, record in enumerate(reader, start=1):
        cells = {name: (record.get(name) or "").strip() for name in columns}
        if all(cells[name] for name in needed):
            yield number, cells


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise _unreadable(path, f"the file cannot be read ({error.strerror}); check its path") from None
    if len(content) > _MAX_BYTES:
        raise _unreadable(path, f"the file has {len(content):,} bytes, but the limit is {_MAX_BYTES:,}; shorten it")
    try:
        return decoded(content)
    except UnicodeDecodeError as error:
        why = f"the file is not {encoding_name(error)} at byte {error.start + 1:,}; save it as UTF-8"
        raise _unreadable(path, why) from None


def _unreadable(path: Path, why: str) -> ManifestError:
    return ManifestError(printable(str(path), 5000), [Problem(0, "", why)])


def _volume(text: str) -> float | None:
    try:
        factor = float(text or 1)
    except ValueError:
        return None
    return factor if _QUIETEST <= factor <= _LOUDEST else None


def _unusable(text: str) -> str:
    if len(text) > _MAX_CHARACTERS:
        return f"the cell has {len(text):,} characters, but the limit is {_MAX_CHARACTERS:,}; shorten it"
    return "" if text.isprintable() else "the cell has a control character; remove it"
