"""A row's text: in its cell, or in a file beside the manifest."""

import errno
import os
import re
import stat
from pathlib import Path
from typing import Final

from voicemill.manifest.problems import CellReport
from voicemill.manifest.text_encoding import decoded, encoding_name
from voicemill.model.service_tags import has_tags, without_tags
from voicemill.text.normalization import normalized

MAX_CHARACTERS: Final = 2_000_000
_MAX_UTF8_BYTES = 4 * MAX_CHARACTERS + 3
_LETTER_OR_DIGIT = re.compile(r"[^\W_]")
_RTF_START: Final = "{\\rtf"
_ERROR_VALUE: Final = re.compile(
    r"#(?:REF!|N/A|NAME\?|VALUE!|DIV/0!|NULL!|NUM!|SPILL!|CALC!|BEZUG!|NV|WERT!|ZAHL!|\u00dcBERLAUF!|VALEUR!|NOM\?|NOMBRE!)"
)
"""What Excel and LibreOffice show for a formula without a result, in English, German and French."""
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]")
OUTSIDE: Final = "is outside the manifest's folder; move the file there and give its path from there"
_SAVE_AS_UTF8 = "save the file as UTF-8 (in Excel: 'CSV UTF-8')"


def unusable_character(text: str) -> str:
    """What is wrong with the first character of `text` that no manifest cell may hold, with the remedy; '' if none.

    White space passes: tabs, line ends, form feeds, vertical tabs and U+0085.
    """
    if text.isprintable():
        return ""
    found = _CONTROL.search(text)
    if not found:
        return ""
    where = f"at character {found.start() + 1:,}"
    if found[0] == "\x00":
        return f"there is a NUL byte {where}; remove it, or export the file again as plain UTF-8 text"
    if "\udc80" <= found[0] <= "\udcff":
        return f"the text is not UTF-8 {where} (byte 0x{ord(found[0]) - 0xDC00:02X}); {_SAVE_AS_UTF8}"
    if "\ud800" <= found[0] <= "\udfff":
        return f"there is an incomplete character (U+{ord(found[0]):04X}) {where}; remove it or write the text again"
    return f"there is a control character (U+{ord(found[0]):04X}) {where}; remove it"


def checked_text(text: str, column: str, report: CellReport, *, file: str = "") -> str:
    """The normalized text; empty, and a problem in `report`, if it cannot be used. `file` is its text file, if any."""
    why, code = unusable_character(text), "not_text"
    if not why:
        text = normalized(text)
        why, code = _not_spoken(text)
    if why:
        report.problem(column, f"{file!r}: {why}" if file else why, code=code)
    return "" if why else text


def _not_spoken(text: str) -> tuple[str, str]:
    """The reason why a text cannot be spoken, and its code; empty if it can."""
    if len(text) > MAX_CHARACTERS:
        most = f"the most is {MAX_CHARACTERS:,}; split it over several rows"
        return f"the text has {len(text):,} characters, {most}", "text_too_long"
    if _ERROR_VALUE.fullmatch(text.strip()):
        return f"{text.strip()!r} is an error value of a spreadsheet; correct its formula and save the table again", ""
    if text.startswith(_RTF_START):
        return "this is an RTF document; save it as plain text in UTF-8", "not_text"
    if _LETTER_OR_DIGIT.search(without_tags(text)):
        return "", ""
    what = "the text has only tags, no letter and no digit" if has_tags(text) else "the text has no letter and no digit"
    return f"{what}, so there is nothing to speak; write a text or remove the row", "empty_file"


class TextFolder:
    """Reads text files. Paths start at `folder` and must lie below `root`, unless that is None."""

    def __init__(self, folder: Path, root: Path | None) -> None:
        self._folder = folder
        self._root = root

    def read(self, name: str, report: CellReport) -> str | None:
        """The checked text of the file `name`; None, and a problem in `report`, if it cannot be read."""
        if why := unusable_character(name):
            report.problem("text_file", why, code="bad_name")
            return None
        try:
            path = Path(os.path.realpath(self._folder / name))
            if self._root is not None and not path.is_relative_to(self._root):
                raise _Unfit(OUTSIDE, "link_outside")
            text = decoded(self._content(path))
        except _Unfit as unfit:
            report.problem("text_file", f"{name!r} {unfit}", code=unfit.code)
        except OSError as error:
            report.problem("text_file", f"{name!r} {_why_not_read(error)}", code="unreadable")
        except UnicodeDecodeError as error:
            why = f"{name!r} is not {encoding_name(error)} at byte {error.start + 1:,}; save it as UTF-8 text"
            report.problem("text_file", why, code="not_text")
        else:
            return checked_text(text, "text_file", report, file=name)
        return None

    def _content(self, path: Path) -> bytes:
        # Links are already resolved. Without blocking, so that a pipe cannot stop the check.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise _Unfit("is not a file but a folder or a device; give a text file", "not_a_file")
            if found.st_size > _MAX_UTF8_BYTES:
                raise _Unfit(
                    f"is longer than {MAX_CHARACTERS:,} characters; split it over several rows", "text_too_long"
                )
            return file.read(_MAX_UTF8_BYTES + 1)


class _Unfit(Exception):
    def __init__(self, why: str, code: str) -> None:
        super().__init__(why)
        self.code = code


def _why_not_read(error: OSError) -> str:
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return "does not exist; give its path from the manifest's folder"
    if error.errno in (errno.EACCES, errno.EPERM):
        return "is not readable for you; give yourself permission (chmod u+r)"
    if error.errno == errno.ENXIO:
        return "is not a file but a device; give a text file"
    return f"cannot be read ({error.strerror}); check the path"
