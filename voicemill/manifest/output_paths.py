"""The path of a row's file: its `out` cell, which may contain placeholders, or a name made from its id."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath
from string import Formatter
from typing import Any, Final

from voicemill.manifest.file_names import MAX_PATH_BYTES, file_stem, path_problem
from voicemill.model import TEXT_FOLDER
from voicemill.model.audio_formats import AudioFormat, SourceFormat

AUDIO_FOLDER: Final = "audio"
_EXTENSIONS: Final = {"wav": (".wav",), "mp3": (".mp3",), "raw": (".pcm", ".raw")}
_EXTENSION = re.compile(r"\.[A-Za-z][A-Za-z0-9]{0,4}")
_WHOLE_NUMBER_SPEC = re.compile(r"0?[0-9]{0,2}d")
_TEXT_SPEC = re.compile(r"[<>^]?[0-9]{0,2}(?:\.[0-9]{1,3})?s?")
_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,18}")


class InvalidOutput(Exception):
    """An `out` cell cannot be a file name; the message says why and what to write."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file: its folder in the results, its extension, and other extensions that a user may write instead."""

    folder: str
    extension: str
    fitting: tuple[str, ...]
    name: str

    @classmethod
    def audio(cls, format: AudioFormat) -> "Kind":
        """Audio in `format`."""
        name = f"the container is {format.container}"
        return cls(AUDIO_FOLDER, format.extension, _EXTENSIONS[format.container], name)

    @classmethod
    def kept(cls, format: SourceFormat) -> "Kind":
        """A file that keeps the format of its recording."""
        name = f"the file keeps the container of its recording, {format.container}"
        return cls(AUDIO_FOLDER, format.extension, (format.extension,), name)

    @classmethod
    def text(cls, formats: Sequence[str]) -> "Kind":
        """A text file in the first of `formats`; the others are further files."""
        return cls(TEXT_FOLDER, f".{formats[0]}", (f".{formats[0]}",), f"the first output_format is {formats[0]}")


def default_file_name(row_id: str, kind: Kind) -> str:
    """The default file of a row, relative to the results folder."""
    return f"{kind.folder}/{file_stem(row_id)}{kind.extension}"


def mirror_name(path: str, kind: Kind) -> str:
    """The output file of a source, from its mirrored path."""
    return f"{kind.folder}/{path}{kind.extension}"


def file_name(out: str, values: Mapping[str, Any], kind: Kind) -> str:
    """The file that `out` names, relative to the results folder, with values for its placeholders.

    Raises `InvalidOutput`.
    """
    path = _filled(out, values) if "{" in out or "}" in out else out
    path = _with_extension(path, kind)
    if problem := path_problem(path):
        raise InvalidOutput(problem)
    return f"{kind.folder}/{path}"


def _with_extension(path: str, kind: Kind) -> str:
    extension = PurePosixPath(path).suffix if not path.endswith(("/", ".")) else ""
    if extension.lower() in kind.fitting:
        return path
    if _EXTENSION.fullmatch(extension) and kind.folder == AUDIO_FOLDER:
        raise InvalidOutput(
            f"{path[-60:]!r} has the extension {extension}, but {kind.name}; use "
            f"{' or '.join(kind.fitting)}, or leave the extension out"
        )
    return path if path.endswith("/") else path + kind.extension


def _filled(out: str, values: Mapping[str, Any]) -> str:
    parts = []
    length = 0
    for literal, name, spec in _template(out):
        parts.append(literal)
        if name is not None:
            parts.append(_formatted(name, spec, values))
        length += len(parts[-1]) + len(literal)
        if length > 2 * MAX_PATH_BYTES:
            raise InvalidOutput(f"the name is longer than {MAX_PATH_BYTES} bytes; shorten it")
    return "".join(parts)


@lru_cache(256)
def _template(out: str) -> tuple[tuple[str, str | None, str], ...]:
    try:
        pieces = [*Formatter().parse(out)]
    except ValueError:
        raise InvalidOutput(f"{out[:80]!r} has an unmatched brace; write {{{{ or }}}} for a brace") from None
    if any(conversion for *_, conversion in pieces):
        raise InvalidOutput(f"{out[:80]!r} uses an exclamation mark in a placeholder; write only a name, as in {{id}}")
    return tuple((literal, name, spec or "") for literal, name, spec, _ in pieces)


def _formatted(name: str, spec: str, values: Mapping[str, Any]) -> str:
    if name not in values:
        known = ", ".join(f"{{{known}}}" for known in [*values][:8])
        raise InvalidOutput(f"there is no column for the placeholder {{{name[:60]}}}; use one of {known}")
    value = _without_fraction(values[name])
    if _WHOLE_NUMBER_SPEC.fullmatch(spec):
        text = format(_whole_number(name, value), spec)
    elif _TEXT_SPEC.fullmatch(spec):
        text = format("" if value is None else str(value), spec)
    else:
        raise InvalidOutput(
            f"{{{name}:{spec[:20]}}} is not a supported format; use {{{name}}} or, for a number, {{{name}:03d}}"
        )
    if not text.strip():
        raise InvalidOutput(f"the placeholder {{{name}}} is empty in this row; fill in its column")
    if "/" in text or "\\" in text:
        raise InvalidOutput(f"the value of {{{name}}} contains a slash, so it would be a folder; use another column")
    return text


def _without_fraction(value: object) -> object:
    """Converts `3.0` to `3`: pandas stores whole numbers as fractions in columns with gaps."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _whole_number(name: str, value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and _WHOLE_NUMBER.fullmatch(value):
        return int(value)
    raise InvalidOutput(f"{{{name}}} is {str(value)[:40]!r}, not a whole number; use {{{name}}} without a format")
