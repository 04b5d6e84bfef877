"""The cells about files and their checks: container, sample_rate, encoding, bit_rate, output_format, check, takes."""

import re
from collections.abc import Sequence
from typing import Final, cast

from voicemill.manifest.problems import CellReport, Choice
from voicemill.model import CHECKS, MAX_TAKES, TEXT_FORMATS, Check, Op
from voicemill.model.audio_formats import (
    BIT_RATES_BPS,
    CONTAINERS,
    DEFAULT_BIT_RATE_BPS,
    DEFAULT_ENCODING,
    ENCODINGS,
    SAMPLE_RATES_HZ,
    AudioFormat,
    Container,
    Encoding,
)

_DEFAULT_TEXT_FORMATS: Final = {Op.STT: ("txt",)}
YES_OR_NO: Final = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False, "": False}
_RATE = re.compile(r"([0-9][0-9.,_ ]{0,20}?)\s*(k?)\s*(?:hz|bps|bit/s|bits|b)?", re.ASCII)


def audio_format(
    container: Choice, sample_rate: Choice, encoding: Choice, bit_rate: Choice, report: CellReport
) -> AudioFormat | None:
    """The format of the four choices; None, and a problem, if they do not fit together."""
    kind = container.text.casefold().lstrip(".")
    rate_hz = whole_number("sample_rate", sample_rate, SAMPLE_RATES_HZ, report)
    if kind not in CONTAINERS:
        report.problem("container", f"{container.text!r} is not a container; use {_any_of(CONTAINERS)}", container)
        return None
    _absent("encoding" if kind == "mp3" else "bit_rate", encoding if kind == "mp3" else bit_rate, kind, report)
    samples = bits = None
    if kind == "mp3":
        bits = whole_number("bit_rate", _or_default(bit_rate, DEFAULT_BIT_RATE_BPS), BIT_RATES_BPS, report)
    else:
        samples = _encoding(_or_default(encoding, DEFAULT_ENCODING), report)
    if rate_hz is None or (samples is None and bits is None):
        return None
    return AudioFormat(cast(Container, kind), rate_hz, encoding=samples, bit_rate_bps=bits)


def text_formats(choice: Choice, op: Op, report: CellReport) -> tuple[str, ...]:
    """The requested text formats, in the given order; `all` selects every format."""
    names = [name.strip().lstrip(".") for name in choice.text.casefold().replace(" ", ",").split(",") if name.strip()]
    if names == ["all"]:
        return TEXT_FORMATS
    unknown = [name for name in names if name not in TEXT_FORMATS]
    for name in unknown:
        report.problem("output_format", f"{name!r} is not a text format; use {_any_of((*TEXT_FORMATS, 'all'))}", choice)
    return tuple(dict.fromkeys(names)) or _DEFAULT_TEXT_FORMATS.get(op, ())


def yes_or_no(column: str, choice: Choice, report: CellReport) -> bool:
    """The Boolean value of a cell; any text except true and false is a problem."""
    answer = YES_OR_NO.get(choice.text.casefold())
    if answer is None:
        report.problem(column, f"{choice.text!r} is neither true nor false; write one of them", choice)
    return bool(answer)


def check(choice: Choice, report: CellReport) -> Check:
    """The check that a cell names; an unknown name is a problem."""
    name = choice.text.casefold() or "off"
    if name not in CHECKS:
        report.problem("check", f"{choice.text!r} is not a check; use {_any_of(CHECKS)}", choice)
        return "off"
    return cast(Check, name)


def takes(choice: Choice, report: CellReport) -> int:
    """The number of takes in a cell, from 1 to `MAX_TAKES`."""
    text = choice.text or "1"
    if text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MAX_TAKES:
        return int(text)
    report.problem("takes", f"{choice.text!r} is not a number of takes; use a whole number, 1 to {MAX_TAKES}", choice)
    return 1


def whole_number(column: str, choice: Choice, allowed: Sequence[int], report: CellReport) -> int | None:
    """The whole number in `choice` if it is one of `allowed`; otherwise adds a problem with a suggestion."""
    if choice.text.isascii() and choice.text.isdigit() and len(choice.text) < 10 and int(choice.text) in allowed:
        return int(choice.text)
    meant = _meant(choice.text, allowed)
    remedy = f"write {meant}" if meant else f"use {_any_of(allowed)}"
    what = "is not one that the service makes" if choice.text.isdigit() else "is not a whole number"
    report.problem(column, f"{choice.text!r} {what}; {remedy}", choice)
    return None


def _encoding(choice: Choice, report: CellReport) -> Encoding | None:
    text = choice.text.casefold()
    if text in ENCODINGS:
        return cast(Encoding, text)
    report.problem("encoding", f"{choice.text!r} is not an encoding; use {_any_of(ENCODINGS)}", choice)
    return None


def _absent(column: str, choice: Choice, container: str, report: CellReport) -> None:
    if choice.text and not choice.from_settings:
        report.problem(column, f"{container} files have no {column}; leave this cell empty")


def _or_default(choice: Choice, default: object) -> Choice:
    return choice if choice.text else Choice(str(default), False)


def _meant(text: str, allowed: Sequence[int]) -> int | None:
    parts = _RATE.fullmatch(text.strip().casefold())
    if not parts:
        return None
    digits = parts[1].replace(" ", "").replace("_", "")
    for plain in (digits, digits.replace(",", "."), digits.replace(",", ""), digits.replace(".", "")):
        try:
            value = float(plain)
        except ValueError:
            continue
        for candidate in (value, value * 1000):
            if candidate in allowed:
                return round(candidate)
    return None


def _any_of(values: Sequence[object]) -> str:
    *most, last = map(str, values)
    return f"{', '.join(most)} or {last}"
