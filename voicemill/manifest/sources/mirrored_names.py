"""Names for outputs that mirror the tree of their sources: `sub/a.mp3` becomes `sub/a`, and all names are different.

If two sources would get the same name, such as `a.wav` and `a.mp3`, both keep their extension. A name that is not
portable is replaced by a short form and a digest, as in the file names of ids.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

from voicemill.manifest.file_names import MAX_PATH_BYTES, folded, path_problem, short_digest, short_form

_RESERVED_FOR_EXTENSIONS_BYTES = 20


def mirrored(names: Sequence[str]) -> list[str]:
    """For each source, by its path within the source, the path of its output without the extension of its format."""
    safe = [_safe(name) for name in names]
    stems = [_without_ending(name) for name in safe]
    count = Counter(map(folded, stems))
    taken = _dotted_folders(safe)
    alone = [count[folded(stem)] == 1 and folded(stem) not in taken for stem in stems]
    taken |= {folded(stem) for stem, is_alone in zip(stems, alone, strict=True) if is_alone}
    chosen = []
    for stem, is_alone, name, original in zip(stems, alone, safe, names, strict=True):
        if not is_alone:
            stem = f"{stem}-{short_digest(original)}" if folded(name) in taken else name
            taken.add(folded(stem))
        chosen.append(stem)
    return chosen


def _without_ending(name: str) -> str:
    folder, slash, last = name.rpartition("/")
    stem = last.rpartition(".")[0] or last
    whole = f"{folder}{slash}{stem}"
    return name if path_problem(whole) else whole


def _safe(name: str) -> str:
    parts = [part if _fits(part) else short_form(part) for part in name.split("/")]
    path = "/".join(parts)
    if len(path.encode()) > MAX_PATH_BYTES - _RESERVED_FOR_EXTENSIONS_BYTES:
        return short_form(name)
    return path


def _fits(part: str) -> bool:
    try:
        short = len(part.encode()) <= 120 - _RESERVED_FOR_EXTENSIONS_BYTES
    except UnicodeEncodeError:
        return False
    return short and path_problem(part) is None and part == part.strip()


def _dotted_folders(names: Iterable[str]) -> set[str]:
    """Every path that becomes the path of a folder if an extension is added: `sub/a` for a folder `sub/a.srt`."""
    found: set[str] = set()
    for folder in {name.rpartition("/")[0] for name in names}:
        parts = folder.split("/")
        for depth, part in enumerate(parts):
            above = "/".join(parts[:depth]) + "/" * (depth > 0)
            pieces = part.split(".")
            found |= {folded(above + ".".join(pieces[:count])) for count in range(1, len(pieces))}
    return found
