"""Safe file names: the name of an id, and the check of a path that the user wrote.

An id of plain lower-case ASCII is its own file name. Any other id becomes a short slug and 16 hex digits of its
SHA-256. So does a plain id that ends like such a name. Two ids therefore share a name only if 64 bits of their digests
agree (for a million ids, a chance of 1 in 30 million), also on disks that ignore case or normalize Unicode.
"""

import hashlib
import re
import unicodedata

LONGEST_PLAIN_ID = 100
MAX_COMPONENT_BYTES = 120
MAX_PATH_BYTES = 240
_SLUG_CHARACTERS = 40
_DIGEST_DIGITS = 16

_PLAIN = re.compile(rf"[a-z0-9_][a-z0-9._-]{{0,{LONGEST_PLAIN_ID - 1}}}")
_ENDS_IN_DIGEST = re.compile(rf"-[0-9a-f]{{{_DIGEST_DIGITS}}}\Z")
_DRIVE = re.compile(r"[A-Za-z]:")
_UNPRINTABLE = frozenset({"Cc", "Cs", "Zl", "Zp"})
# Marks that change the reading direction let `gpj.wav` be shown as `vaw.jpg`.
_DIRECTION_MARKS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_NOT_ON_WINDOWS = frozenset('<>:"|?*')
_RESERVED_ON_WINDOWS = frozenset(
    ["con", "prn", "aux", "nul", "conin$", "conout$"]
    + [device + digit for device in ("com", "lpt") for digit in "0123456789¹²³"]
)


def file_stem(row_id: str) -> str:
    """The default file name of a row, without extension: at most 100 ASCII characters."""
    if _PLAIN.fullmatch(row_id) and not _ENDS_IN_DIGEST.search(row_id) and not _is_reserved(row_id):
        return row_id
    return short_form(row_id)


def short_form(text: str) -> str:
    """A name of at most 57 ASCII characters, with a digest of `text`."""
    return f"{_slug(text)}-{short_digest(text)}"


def short_digest(text: str) -> str:
    """Sixteen hex digits of the SHA-256 of `text`."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST_DIGITS]


def folded(path: str) -> str:
    """A form of the path that is equal for paths of the same file on a disk that ignores case or normalizes Unicode."""
    if path.isascii():
        return path.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", path).casefold())


def path_problem(path: str) -> str | None:
    """The reason why `path` cannot name a file below a results folder, with the remedy; None if it can."""
    if path.startswith("/"):
        return f"{path!r} starts with a slash; write it relative to the results' audio folder"
    if _DRIVE.match(path):
        return f"{path!r} starts with a drive letter; write it relative to the results' audio folder"
    if "\\" in path:
        return f"{path!r} contains a backslash; separate folders with a forward slash, as in part1/a.wav"
    if len(path.encode("utf-8", "surrogatepass")) > MAX_PATH_BYTES:
        return f"{_shortened(path)} is longer than {MAX_PATH_BYTES} bytes; shorten it"
    problems = (_component_problem(component, path) for component in path.split("/"))
    return next((problem for problem in problems if problem), None)


def _component_problem(component: str, path: str) -> str | None:
    if not component:
        return f"{path!r} has two slashes in a row or a slash at the end; write it like part1/a.wav"
    if component[0] in ".-":
        return f"{path!r} has a part that starts with {component[0]!r}; start it with a letter or a digit"
    if component[-1] in ". ":
        return f"{path!r} has a part that ends in {component[-1]!r}, which some disks remove; leave it out"
    if component[0] == " ":
        return f"{path!r} has a part that starts with a space; remove the space"
    if len(component.encode("utf-8", "surrogatepass")) > MAX_COMPONENT_BYTES:
        return f"{_shortened(component)} is longer than {MAX_COMPONENT_BYTES} bytes; shorten it"
    if unusable := _unusable_character(component):
        return f"{path!r} contains {unusable!r}, which is not allowed in portable file names; remove it"
    if _is_reserved(component):
        return f"{path!r} uses {component!r}, a name that Windows reserves for a device; choose another"
    return None


def _unusable_character(component: str) -> str | None:
    for character in component:
        if character in _NOT_ON_WINDOWS or character in _DIRECTION_MARKS:
            return character
        if not character.isprintable() and unicodedata.category(character) in _UNPRINTABLE:
            return character
    return None


def _is_reserved(component: str) -> bool:
    return component.split(".", 1)[0].rstrip(" ").lower() in _RESERVED_ON_WINDOWS


def _slug(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text[: 4 * _SLUG_CHARACTERS]).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_SLUG_CHARACTERS].strip("-") or "row"


def _shortened(text: str) -> str:
    return repr(f"{text[:30]}…{text[-10:]}")
