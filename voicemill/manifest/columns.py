"""Which column of a manifest means what: ours, misspelt, or carried along."""

from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Final, NamedTuple

PARAMETERS: Final = (
    "op", "voice", "model", "language", "container", "sample_rate", "encoding", "bit_rate", "speed", "emotion",
    "timestamps", "output_format", "splice",
)  # fmt: skip
RECORDINGS: Final = ("audio", "left_audio", "right_audio")
OURS: Final = ("id", "transcript", "text_file", *RECORDINGS, "from_s", "to_s", "out", *PARAMETERS)
SYNONYMS: Final = {
    "text": "transcript", "input": "transcript", "script": "transcript",
    "audio_filepath": "audio", "audio_file": "audio",
}  # fmt: skip
_INPUTS: Final = frozenset({"transcript", "text_file", *RECORDINGS})

_OFTEN_MEANT: Final = {
    "voice_id": "voice", "voice_name": "voice", "speaker": "voice", "model_id": "model", "lang": "language",
    "language_code": "language", "format": "container", "samplerate": "sample_rate", "sampling_rate": "sample_rate",
    "bitrate": "bit_rate", "rate": "speed", "output": "out", "filename": "out", "file_name": "out", "textfile":
    "text_file", "txt_file": "text_file", "identifier": "id", "content": "transcript", "sentence": "transcript",
    "recording": "audio", "clip": "audio", "audio_path": "audio", "wav": "audio", "start_s": "from_s", "end_s": "to_s",
    "formats": "output_format", "word_timestamps": "timestamps",
}  # fmt: skip
_GUESSABLE = [name for name in (*OURS, *SYNONYMS) if len(name) >= 4]


class Remark(NamedTuple):
    """A column, and what is to be said of it."""

    column: str
    why: str


class Columns:
    """A header line, understood. `places` gives the cell of each of our columns, `carried` the rest by name.

    `labels` are the names to show for both, as the user wrote them.
    """

    def __init__(self, names: Sequence[str], default_op: str = "tts") -> None:
        self.names = tuple(names)
        self._default_op = default_op
        self.places: dict[str, int] = {}
        self.carried: dict[str, int] = {}
        for place, name in enumerate(self.names):
            own = _own_name(name)
            if own:
                self.places.setdefault(own, place)
            else:
                self.carried.setdefault(name, place)
        self.labels = {_own_name(name) or name: name for name in reversed(self.names)}
        self.faults = tuple(self._faults())
        self.warnings = tuple(self._warnings())

    def _faults(self) -> Iterator[Remark]:
        for place, name in enumerate(self.names):
            if not name.strip():
                yield Remark("", f"column {place + 1} has no name; name it, or remove the column (or a comma too many)")
            elif not _is_encodable(name):
                yield Remark(name, f"the name of column {place + 1} is not UTF-8; save the file as UTF-8")
        yield from self._said_twice()
        if self.names:
            yield from self._missing()

    def _said_twice(self) -> Iterator[Remark]:
        meanings: dict[str, list[str]] = {}
        for name in self.names:
            if name.strip():
                meanings.setdefault(_own_name(name) or name, []).append(name)
        for meaning, names in meanings.items():
            if len(names) == 1:
                continue
            if len(set(names)) == 1:
                yield Remark(names[0], f"this name stands {len(names)} times in the first line; rename one")
            else:
                listed = " and ".join(map(repr, names))
                yield Remark(names[1], f"{listed} both mean {meaning}; rename or remove one of them")

    def _missing(self) -> Iterator[Remark]:
        if "id" not in self.places:
            yield Remark("id", f"there is no such column; add one with a name for each row{self._hint('id')}")
        if not _INPUTS & self.places.keys() and self._default_op in ("stt", "voice_change"):
            hint = self._hint("audio")
            yield Remark("audio", f"there is no such column; add one with the names of audio files{hint}")
        elif not _INPUTS & self.places.keys():
            yield Remark(
                "transcript",
                "there is no such column; add one with the text to speak, or a column text_file with the names of "
                f"text files{self._hint('transcript', 'text_file')}",
            )

    def _hint(self, *wanted: str) -> str:
        if len(self.names) == 1 and (separators := Counter(c for c in self.names[0] if c in ";|")):
            return f" (the columns seem to be parted by {separators.most_common(1)[0][0]!r}; use commas or tabs)"
        return "".join(f" (does {name!r} mean {own}?)" for name, own in self._misspelt() if own in wanted)

    def _warnings(self) -> Iterator[Remark]:
        for name, own in self._misspelt():
            yield Remark(name, f"this column is carried along unused; rename it to {own!r} if that is what it means")

    def _misspelt(self) -> Iterator[tuple[str, str]]:
        for name in self.carried:
            plain = name.strip().casefold().replace(" ", "_").replace("-", "_")[:40]
            close = [plain] if plain in OURS else get_close_matches(plain, _GUESSABLE, n=1, cutoff=0.8)
            own = _OFTEN_MEANT.get(plain) or (SYNONYMS.get(close[0], close[0]) if close and len(plain) >= 4 else "")
            if own and own not in self.places:
                yield name, own


def _own_name(name: str) -> str:
    plain = name.strip("\ufeff \t").casefold()
    own = SYNONYMS.get(plain, plain)
    return own if own in OURS else ""


def _is_encodable(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)
