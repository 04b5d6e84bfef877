"""The columns of a manifest: those of voicemill, other names for them in known formats, and columns to copy."""

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Final, NamedTuple

from voicemill.manifest.passage_names import passage_name
from voicemill.model.csv_injection import METADATA_COLUMNS

PARAMETERS: Final = (
    "op", "voice", "model", "language", "container", "sample_rate", "encoding", "bit_rate", "speed", "emotion",
    "timestamps", "output_format", "splice", "check", "takes",
)  # fmt: skip
RECORDINGS: Final = ("audio", "left_audio", "right_audio")
OURS: Final = (
    "id",
    "transcript",
    "text_file",
    *RECORDINGS,
    "audio_track",
    "from_s",
    "to_s",
    "duration",
    "out",
    "allowed_words",
    *PARAMETERS,
)

SYNONYMS: Final = {
    "text": "transcript", "input": "transcript", "script": "transcript",
    "audio_filepath": "audio", "audio_file": "audio",
}  # fmt: skip
"""Other names that always mean the column."""

TEXT_NAMES: Final = {
    "sentence": "transcript", "transcription": "transcript", "raw_text": "transcript", "normalized_text": "transcript",
}  # fmt: skip
"""Names of the text in other formats; ignored if the manifest has a column with one of voicemill's own names."""

RECORDING_NAMES: Final = {
    "file_name": "audio", "path": "audio", "wav_filename": "audio", "audio_path": "audio", "wav_path": "audio",
    "wav": "audio", "file": "audio",
    "utt_id": "id", "uttid": "id", "utterance_id": "id",
}  # fmt: skip
"""Names of columns about recordings in other formats; they apply only in a manifest of recordings."""

_WITHOUT_UNIT: Final = {"from": "from_s", "to": "to_s"}
"""Names of a start and an end, where a manifest of recordings has both."""
_REMEDIES: Final = {
    "unknown": "this may be the duration of the passages; write seconds in a column duration, or remove it",
    "milliseconds": "times in milliseconds are not supported; write seconds in a column {own}",
    "microseconds": "times in microseconds are not supported; write seconds in a column {own}",
    "samples": "times in samples are not supported; write seconds in a column {own}",
}
"""What to do about times in other units than seconds, which are not supported."""
_INPUTS: Final = frozenset({"transcript", "text_file", *RECORDINGS})

_OFTEN_MEANT: Final = {
    "voice_id": "voice", "voice_name": "voice", "speaker": "voice", "model_id": "model", "lang": "language",
    "language_code": "language", "format": "container", "samplerate": "sample_rate", "sampling_rate": "sample_rate",
    "bitrate": "bit_rate", "rate": "speed", "output": "out", "filename": "out", "file_name": "out", "textfile":
    "text_file", "txt_file": "text_file", "identifier": "id", "content": "transcript", "recording": "audio",
    "clip": "audio", "formats": "output_format", "word_timestamps": "timestamps",
}  # fmt: skip
_MEANT_WITH_RECORDINGS: Final = {"filename": "audio", "file_name": "audio", "output_file": "out"}
_LOCALE: Final = "locale"
"""Common Voice's name of the language."""
_AROUND_NAMES: Final = "\ufeff\u200b\xa0 \t"
_GUESSABLE = [name for name in (*OURS, *SYNONYMS) if len(name) >= 4]


class ColumnProblem(NamedTuple):
    """A column, and the problem or warning."""

    column: str
    why: str


class Columns:
    """The column names of a manifest, resolved.

    `places` maps each of voicemill's columns to the position of its cell, and `carried` all other columns. `labels` are
    the names to show, as the user wrote them. `operation` applies to rows without an `op`; `is_explicit` says whether
    the user named it.
    """

    def __init__(self, names: Sequence[str], operation: str = "tts", *, is_explicit: bool = False) -> None:
        self.names = tuple(names)
        self._operation = operation
        own = self._own = tuple(self._own_names())
        self.places: dict[str, int] = {}
        self.carried: dict[str, int] = {}
        for place, (name, meaning) in enumerate(zip(self.names, own, strict=True)):
            if meaning:
                self.places.setdefault(meaning, place)
            else:
                self.carried.setdefault(name, place)
        self.labels = {meaning or name: name for name, meaning in reversed([*zip(self.names, own, strict=True)])}
        self._needs_operation = not is_explicit and "op" not in self.places
        self.problems = tuple(self._problems())
        self.warnings = tuple(self._warnings())

    @property
    def has_recordings(self) -> bool:
        """Whether a column names recordings."""
        return "audio" in self.places

    @property
    def is_our_metadata(self) -> bool:
        """Whether this is a `metadata.csv` that voicemill wrote."""
        return {_plain(name) for name in self.names} >= METADATA_COLUMNS

    @property
    def audio_folder(self) -> str:
        """The folder beside the manifest in which a known data set keeps its recordings; empty for others."""
        return "clips" if {"client_id", "path", "sentence"} <= {_plain(name) for name in self.names} else ""

    def _own_names(self) -> Iterator[str]:
        plain = [_plain(name) for name in self.names]
        sure = {own_name(name) for name in plain}
        is_about_recordings = self._operation != "tts" or bool(sure & {*RECORDINGS, "op"})
        times = self._times(sure) if is_about_recordings else {}
        taken: dict[str, str] = {}
        for place, name in enumerate(plain):
            meaning = own_name(name)
            if meaning in ("voice", "model") and self.is_our_metadata and self._operation != "tts":
                meaning = ""  # These made the recording; another operation needs other models.
            if name == "duration" and not is_about_recordings:
                meaning = ""
            elif place in times:
                meaning = times[place]
            elif not meaning:
                meaning = self._foreign_meaning(name, sure, is_about_recordings)
                meaning = "" if taken.get(meaning, name) != name else meaning
                taken.setdefault(meaning, name)
            yield meaning

    def _times(self, sure: set[str]) -> dict[int, str]:
        """The columns that give the start, the end or the duration of passages under names of other formats.

        A duration counts only where it is needed: it may be that of the whole recording.
        """
        found: dict[int, str] = {}
        has_both = _WITHOUT_UNIT.keys() <= {_plain(name) for name in self.names}
        for place, name in enumerate(self.names):
            time = passage_name(name)
            if has_both and _plain(name) in _WITHOUT_UNIT:
                found[place] = _WITHOUT_UNIT[_plain(name)]
            elif time and time.unit == "seconds" and not own_name(name):
                found[place] = time.meaning
        known = {*found.values()} - {"duration"} | sure
        needs_duration = "from_s" in known and not known & {"to_s", "duration"}
        return {place: meaning for place, meaning in found.items() if meaning != "duration" or needs_duration}

    def _foreign_meaning(self, name: str, sure: set[str], is_about_recordings: bool) -> str:
        if name in TEXT_NAMES:
            return "" if {"transcript", "text_file"} & sure else "transcript"
        if name == _LOCALE and self.audio_folder:
            return "" if "language" in sure else "language"
        meaning = RECORDING_NAMES.get(name, "") if is_about_recordings else ""
        return "" if meaning in sure else meaning

    def _problems(self) -> Iterator[ColumnProblem]:
        for place, name in enumerate(self.names):
            if not name.strip():
                yield ColumnProblem("", f"column {place + 1} has values but no name; name it or remove it")
            elif not _is_encodable(name):
                yield ColumnProblem(name, f"the name of column {place + 1} is not UTF-8; save the file as UTF-8")
        yield from self._repeated()
        yield from self._in_other_units()
        if self.names:
            yield from self._missing()

    def _repeated(self) -> Iterator[ColumnProblem]:
        meanings: dict[str, list[str]] = {}
        for place, name in enumerate(self.names):
            if name.strip():
                meanings.setdefault(self._own[place] or name, []).append(name)
        for meaning, names in meanings.items():
            if len(names) == 1:
                continue
            if len(set(names)) == 1:
                yield ColumnProblem(names[0], f"{len(names)} columns have this name; rename one")
            else:
                listed = " and ".join(map(repr, names))
                yield ColumnProblem(names[1], f"{listed} both mean {meaning}; rename or remove one of them")

    def _in_other_units(self) -> Iterator[ColumnProblem]:
        """The times of passages that would be ignored. A duration alone may be that of the whole recording."""
        if not self.has_recordings or self._operation == "tts":
            return
        known = {"from_s"} & self.places.keys()
        known |= {"to_s", "duration"} if {"to_s", "duration"} & self.places.keys() else set()
        for name in self.carried:
            time = passage_name(name)
            if time is None or time.unit == "seconds" or time.meaning in known:
                continue
            if time.meaning != "duration" or "from_s" in known:
                yield ColumnProblem(name, _REMEDIES[time.unit].format(own=time.meaning))

    def _missing(self) -> Iterator[ColumnProblem]:
        if "id" not in self.places and not self.has_recordings:
            yield ColumnProblem("id", f"the column is missing; add it, with a unique id for each row{self._hint('id')}")
        if not _INPUTS & self.places.keys() and self._operation in ("stt", "voice_change"):
            hint = self._hint("audio")
            yield ColumnProblem("audio", f"the column is missing; add it, with the names of audio files{hint}")
        elif not _INPUTS & self.places.keys():
            yield ColumnProblem(
                "transcript",
                "the column is missing; add it, with the texts to speak, or a column text_file with the names of "
                f"text files{self._hint('transcript', 'text_file')}",
            )
        elif self._needs_operation and "id" not in self.places and self.has_recordings and self._operation == "tts":
            yield ColumnProblem(
                self.labels["audio"],
                "the manifest lists recordings, and no operation is given; add --op stt to transcribe them, "
                "--op voice_change to convert them, or --op tts to speak their texts",
            )

    def _hint(self, *wanted: str) -> str:
        plain = {_plain(name) for name in self.names}
        if self._operation == "tts" and plain & RECORDING_NAMES.keys():
            return " (is this a list of recordings? then add --op stt or another operation)"
        return "".join(f" (does {name!r} mean {own}?)" for name, own in self._misspelt() if own in wanted)

    def _warnings(self) -> Iterator[ColumnProblem]:
        for name, own in self._misspelt():
            why = f"this column is only copied to the tables; rename it to {own!r} if that is its meaning"
            yield ColumnProblem(name, why)
        for name in self.carried:
            if _is_time(name):
                yield ColumnProblem(
                    name, "this column is only copied to the tables, because the manifest names no recordings"
                )
            elif _plain(name) == "volume":
                yield ColumnProblem(name, "this column is only copied to the tables; set the volume in a cast (--cast)")

    def _misspelt(self) -> Iterator[tuple[str, str]]:
        for name in self.carried:
            plain = _plain(name).replace(" ", "_").replace("-", "_")[:40]
            close = [plain] if plain in OURS else get_close_matches(plain, _GUESSABLE, n=1, cutoff=0.8)
            guessed = SYNONYMS.get(close[0], close[0]) if close and len(plain) >= 4 else ""
            own = self._often_meant().get(plain) or guessed
            if own and own not in self.places and not _is_time(name) and not _is_in_other_unit(name):
                yield name, own

    def _often_meant(self) -> Mapping[str, str]:
        return _OFTEN_MEANT | _MEANT_WITH_RECORDINGS if self._operation != "tts" else _OFTEN_MEANT


def own_name(name: str) -> str:
    """voicemill's name of a column; empty for any other column."""
    plain = _plain(name)
    own = SYNONYMS.get(plain, plain)
    return own if own in OURS else ""


def knows(name: str) -> bool:
    """Whether voicemill or a known format has a column of this name."""
    plain = _plain(name)
    return bool(own_name(plain) or passage_name(name)) or plain in TEXT_NAMES or plain in RECORDING_NAMES


def _plain(name: str) -> str:
    """A name in the form that is compared: trimmed, in lower case, and `File Name` as `file_name`."""
    plain = name.strip(_AROUND_NAMES).casefold()
    joined = plain.replace(" ", "_").replace("-", "_")
    return joined if joined in RECORDING_NAMES else plain


def _is_time(name: str) -> bool:
    """Whether a name is that of a time in seconds that recordings, and only those, have."""
    time = passage_name(name)
    is_part = time is not None and time.unit == "seconds" and time.meaning != "duration"
    return is_part or _plain(name) == "duration"


def _is_in_other_unit(name: str) -> bool:
    time = passage_name(name)
    return time is not None and time.unit != "seconds"


def _is_encodable(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)
