"""The codec of plan tables: which column stores which field of a `Row`, in both directions."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from operator import attrgetter
from typing import Any, Final

import pyarrow as pa

from voicemill.model import (
    Op,
    Pronunciation,
    QualityCheck,
    Recording,
    Refusal,
    RequestedOutput,
    Row,
    SourceAudio,
    SpeakerPart,
    Speech,
)
from voicemill.model.audio_formats import AudioFormat, SourceFormat

_TEXTS = pa.list_(pa.string())


def _unchanged(value: Any) -> Any:  # noqa: ANN401 - the value of any column
    return value


def _none_if_empty(text: str) -> str | None:
    return text or None


def _empty_if_none(text: str | None) -> str:
    return text or ""


def _json_or_none(value: object) -> str | None:
    return None if value is None else json.dumps(value)


def _from_json_or_none(text: str | None) -> Any:  # noqa: ANN401 - any JSON
    return None if text is None else json.loads(text)


def _carried_json(carried: Mapping[str, Any]) -> str:
    return json.dumps(dict(carried), default=str) if carried else "{}"


def _list_or_none(refusal: Refusal | None) -> list[str] | None:
    return None if refusal is None else list(refusal)


def _refusal(values: list[str] | None) -> Refusal | None:
    return None if values is None else Refusal(*values)


def _true_if_none(splice: bool | None) -> bool:
    return splice is not False


def _off_if_none(check: str | None) -> str:
    return check or "off"


def _one_if_none(takes: int | None) -> int:
    return takes or 1


def _tuple_or_empty(words: list[str] | None) -> tuple[str, ...]:
    return tuple(words or ())


def _tuples_json(values: tuple[object, ...]) -> str | None:
    return json.dumps(values, ensure_ascii=False) if values else None


def _parts(text: str | None) -> tuple[SpeakerPart, ...]:
    if text is None:
        return ()
    parts = (SpeakerPart(*values) for values in json.loads(text))
    return tuple(part._replace(emotion=tuple(part.emotion)) for part in parts)


def _pronunciations(text: str | None) -> tuple[Pronunciation, ...]:
    return () if text is None else tuple(Pronunciation(*values) for values in json.loads(text))


@dataclass(frozen=True, slots=True)
class _Field:
    """One field of `Row` or of a part of it, such as `speech.speed`, in one column of this type."""

    path: str
    column: str
    type: pa.DataType
    encode: Callable[[Any], Any] = _unchanged
    decode: Callable[[Any], Any] = _unchanged


_FIELDS: Final = (
    _Field("number", "number", pa.int64()),
    _Field("id", "id", pa.string()),
    _Field("op", "op", pa.string(), str, Op),
    _Field("file_name", "file_name", pa.string()),
    _Field("speech.text", "transcript", pa.string(), _none_if_empty, _empty_if_none),
    _Field("speech.voice_id", "voice", pa.string(), _none_if_empty, _empty_if_none),
    _Field("model", "model", pa.string(), _none_if_empty, _empty_if_none),
    _Field("language", "language", pa.string(), _none_if_empty, _empty_if_none),
    _Field("speech.speed", "speed", pa.string(), _json_or_none, _from_json_or_none),
    _Field("speech.emotion", "emotion", _TEXTS, list, tuple),
    _Field("source.from_s", "from_s", pa.float64()),
    _Field("source.to_s", "to_s", pa.float64()),
    _Field("output.splice", "splice", pa.bool_(), decode=_true_if_none),
    _Field("source.boundaries_s", "cuts_s", pa.list_(pa.float64()), list, tuple),
    _Field("output.timestamps", "timestamps", pa.bool_()),
    _Field("output.text_formats", "output_format", _TEXTS, list, tuple),
    _Field("refusal", "refusal", _TEXTS, _list_or_none, _refusal),
    _Field("quality.check", "check", pa.string(), decode=_off_if_none),
    _Field("quality.allowed_words", "allowed_words", _TEXTS, list, _tuple_or_empty),
    _Field("quality.max_takes", "max_takes", pa.int32(), decode=_one_if_none),
    _Field("speech.parts", "parts", pa.string(), _tuples_json, _parts),
    _Field("speech.pronunciations", "pronunciations", pa.string(), _tuples_json, _pronunciations),
    _Field("carried", "carried", pa.string(), _carried_json, json.loads),
)
_values_of: Final = attrgetter(*(each.path for each in _FIELDS))


def _fields_of(part: str) -> tuple[tuple[str, _Field], ...]:
    places = ((each.path.rpartition("."), each) for each in _FIELDS)
    return tuple((name, each) for (found, _, name), each in places if found == part)


_BY_PART: Final = {part: _fields_of(part) for part in ("", "speech", "source", "output", "quality")}
"""The fields of a row itself and of its parts, by their names."""

_RECORDINGS: Final = {
    "source.audio": "audio",
    "source.left": "left_audio",
    "source.right": "right_audio",
    "speech.text_from": "text_file",
}
"""The fields that are recordings. Their columns hold names; `recordings` holds the rest as JSON."""

_recordings_of: Final = attrgetter(*_RECORDINGS)
_NO_RECORDINGS: Final = json.dumps(dict.fromkeys(_RECORDINGS.values()))
"""What `recordings` holds for a row without recordings. Comparing it takes less time than reading it."""

_FORMAT_TYPES: dict[str, pa.DataType] = {
    "container": pa.string(),
    "sample_rate": pa.int32(),
    "encoding": pa.string(),
    "bit_rate": pa.int32(),
    "keeps_format": pa.bool_(),
}
_DERIVED_TYPES: dict[str, pa.DataType] = {
    "recordings": pa.string(),
    "audio_track": pa.int32(),
    "takes": _TEXTS,
    "calls": pa.int32(),
}
SCHEMA: Final = pa.schema(
    {each.column: each.type for each in _FIELDS}
    | dict.fromkeys(_RECORDINGS.values(), pa.string())
    | _FORMAT_TYPES
    | _DERIVED_TYPES
)
"""The columns of a plan: those of its rows, and `takes` and `calls`, which are read without the rest."""


def encode_row(row: Row, calls: int) -> dict[str, Any]:
    """The values of a row's columns; `calls` is the number of calls that it needs."""
    record = {each.column: each.encode(value) for each, value in zip(_FIELDS, _values_of(row), strict=True)}
    if row.op is Op.STT:
        record["transcript"] = _none_if_empty(row.source.reference)
    if row.op is not Op.INFILL:
        record["splice"] = None
    derived = {"takes": list(row.depends_on), "calls": calls}
    return record | _encode_format(row.output) | _encode_recordings(row) | derived


def decode_row(record: Mapping[str, Any]) -> Row:
    """The row with these values of its columns."""
    audio, left, right, text_from = _decode_recordings(record["recordings"])
    speech, source = _decoded("speech", record), _decoded("source", record)
    if record["op"] == Op.STT:
        source["reference"], speech["text"] = speech["text"], ""
    return Row(
        **_decoded("", record),
        speech=Speech(**speech, text_from=text_from),
        source=SourceAudio(audio, left, right, **source),
        output=RequestedOutput(*_decode_format(record), **_decoded("output", record)),
        quality=QualityCheck(**_decoded("quality", record)),
    )


def _decoded(part: str, record: Mapping[str, Any]) -> dict[str, Any]:
    # Plans of earlier versions lack the later columns.
    return {name: each.decode(record.get(each.column)) for name, each in _BY_PART[part]}


def _encode_format(output: RequestedOutput) -> dict[str, Any]:
    format = output.source_format or output.format
    return {
        "container": format and format.container,
        "sample_rate": format and format.sample_rate_hz,
        "encoding": format and format.encoding,
        "bit_rate": format.bit_rate_bps if isinstance(format, AudioFormat) else None,
        "keeps_format": output.source_format is not None,
    }


def _decode_format(record: Mapping[str, Any]) -> tuple[AudioFormat | None, SourceFormat | None]:
    container, rate_hz, encoding = record["container"], record["sample_rate"], record["encoding"]
    if record["keeps_format"]:
        kept = SourceFormat(container, rate_hz, encoding)
        return kept.request_format, kept
    if container is None:
        return None, None
    return AudioFormat(container, rate_hz, encoding, record["bit_rate"]), None


def _encode_recordings(row: Row) -> dict[str, Any]:
    if not row.inputs:
        return {**dict.fromkeys(_RECORDINGS.values()), "recordings": _NO_RECORDINGS, "audio_track": None}
    found: dict[str, Recording | None] = dict(zip(_RECORDINGS.values(), _recordings_of(row), strict=True))
    contents = {column: recording and asdict(recording) for column, recording in found.items()}
    names = {column: recording and recording.name for column, recording in found.items()}
    return {**names, "recordings": json.dumps(contents), "audio_track": _audio_track(row.source.audio)}


def _audio_track(audio: Recording | None) -> int | None:
    """The number of the audio track in use, None if the recording has only one."""
    return audio.reading.track + 1 if audio and audio.tracks > 1 else None


def _decode_recordings(text: str) -> tuple[Recording | None, ...]:
    if text == _NO_RECORDINGS:
        return (None,) * len(_RECORDINGS)
    found = map(json.loads(text).get, _RECORDINGS.values())
    return tuple(content and Recording.from_record(content) for content in found)
