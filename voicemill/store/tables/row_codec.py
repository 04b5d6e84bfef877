"""The codec of plan tables: which column stores which field of a `Row`, in both directions."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import pyarrow as pa

from voicemill.model import Op, Pronunciation, Recording, Refusal, Row, SpeakerPart
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
    parts = (SpeakerPart(*values) for values in json.loads(text or "[]"))
    return tuple(part._replace(emotion=tuple(part.emotion)) for part in parts)


def _pronunciations(text: str | None) -> tuple[Pronunciation, ...]:
    return tuple(Pronunciation(*values) for values in json.loads(text or "[]"))


@dataclass(frozen=True, slots=True)
class _Field:
    """One field of `Row` in one column of this type."""

    field: str
    column: str
    type: pa.DataType
    encode: Callable[[Any], Any] = _unchanged
    decode: Callable[[Any], Any] = _unchanged


_FIELDS: Final = (
    _Field("number", "number", pa.int64()),
    _Field("id", "id", pa.string()),
    _Field("op", "op", pa.string(), str, Op),
    _Field("file_name", "file_name", pa.string()),
    _Field("transcript", "transcript", pa.string(), _none_if_empty, _empty_if_none),
    _Field("voice_id", "voice", pa.string(), _none_if_empty, _empty_if_none),
    _Field("model", "model", pa.string(), _none_if_empty, _empty_if_none),
    _Field("language", "language", pa.string(), _none_if_empty, _empty_if_none),
    _Field("speed", "speed", pa.string(), _json_or_none, _from_json_or_none),
    _Field("emotion", "emotion", _TEXTS, list, tuple),
    _Field("from_s", "from_s", pa.float64()),
    _Field("to_s", "to_s", pa.float64()),
    _Field("splice", "splice", pa.bool_(), decode=_true_if_none),
    _Field("boundaries_s", "cuts_s", pa.list_(pa.float64()), list, tuple),
    _Field("timestamps", "timestamps", pa.bool_()),
    _Field("text_formats", "output_format", _TEXTS, list, tuple),
    _Field("refusal", "refusal", _TEXTS, _list_or_none, _refusal),
    _Field("check", "check", pa.string(), decode=_off_if_none),
    _Field("allowed_words", "allowed_words", _TEXTS, list, _tuple_or_empty),
    _Field("max_takes", "max_takes", pa.int32(), decode=_one_if_none),
    _Field("parts", "parts", pa.string(), _tuples_json, _parts),
    _Field("pronunciations", "pronunciations", pa.string(), _tuples_json, _pronunciations),
    _Field("carried", "carried", pa.string(), _carried_json, json.loads),
)
_RECORDINGS: Final = {"audio": "audio", "left": "left_audio", "right": "right_audio", "text": "text_file"}
"""The fields of `Row` that are recordings. Their columns hold names; `recordings` holds the rest as JSON."""

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
    record = {each.column: each.encode(getattr(row, each.field)) for each in _FIELDS}
    if row.op is not Op.INFILL:
        record["splice"] = None
    return record | _encode_format(row) | _encode_recordings(row) | {"takes": list(row.depends_on), "calls": calls}


def decode_row(record: Mapping[str, Any]) -> Row:
    """The row with these values of its columns."""
    # Plans of earlier versions lack the later columns.
    fields = {each.field: each.decode(record.get(each.column)) for each in _FIELDS}
    return Row(**fields, **_decode_format(record), **_decode_recordings(record))


def _encode_format(row: Row) -> dict[str, Any]:
    format = row.source_format or row.format
    return {
        "container": format and format.container,
        "sample_rate": format and format.sample_rate_hz,
        "encoding": format and format.encoding,
        "bit_rate": format.bit_rate_bps if isinstance(format, AudioFormat) else None,
        "keeps_format": row.source_format is not None,
    }


def _decode_format(record: Mapping[str, Any]) -> dict[str, Any]:
    container, rate_hz, encoding = record["container"], record["sample_rate"], record["encoding"]
    if record["keeps_format"]:
        kept = SourceFormat(container, rate_hz, encoding)
        return {"format": kept.request_format, "source_format": kept}
    if container is None:
        return {"format": None}
    return {"format": AudioFormat(container, rate_hz, encoding, record["bit_rate"])}


def _encode_recordings(row: Row) -> dict[str, Any]:
    found: dict[str, Recording | None] = {column: getattr(row, field) for field, column in _RECORDINGS.items()}
    contents = {column: recording and asdict(recording) for column, recording in found.items()}
    names = {column: recording and recording.name for column, recording in found.items()}
    return {**names, "recordings": json.dumps(contents), "audio_track": _audio_track(row)}


def _audio_track(row: Row) -> int | None:
    """The number of the audio track in use, None if the recording has only one."""
    return row.audio.reading.track + 1 if row.audio and row.audio.tracks > 1 else None


def _decode_recordings(record: Mapping[str, Any]) -> dict[str, Any]:
    contents = json.loads(record["recordings"])
    return {
        field: contents[column] and Recording.from_record(contents[column]) for field, column in _RECORDINGS.items()
    }
