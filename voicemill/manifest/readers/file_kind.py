"""Detect the kind of a file by its content, and explain what to do if it is not a manifest."""

import re
from typing import Literal

from voicemill.manifest.readers.manifest_line import Unreadable
from voicemill.manifest.text_encoding import decoded, is_utf16

Kind = Literal["delimited", "jsonl", "parquet"]

PARQUET_MAGIC = b"PAR1"
_ENCRYPTED_MAGIC = b"PARE"
_SAVE_AS_CSV = "save it as 'CSV UTF-8' (Excel: File, Save As; LibreOffice: Save As, Text CSV, Unicode UTF-8)"
_NOT_TEXT = "a manifest is a CSV, TSV, JSONL or Parquet file"

_FOREIGN: tuple[tuple[bytes, str], ...] = (
    (b"\xd0\xcf\x11\xe0", f"this is an old Excel or Word file; {_SAVE_AS_CSV}"),
    (b"\x1f\x8b", "this is a gzip file; unpack it first (gunzip)"),
    (b"BZh", "this is a bzip2 file; unpack it first (bunzip2)"),
    (b"\xfd7zXZ", "this is an xz file; unpack it first (unxz)"),
    (b"\x28\xb5\x2f\xfd", "this is a zstd file; unpack it first (unzstd)"),
    (b"7z\xbc\xaf", "this is a 7-Zip archive; unpack it first"),
    (b"RIFF", f"this is an audio or video file (RIFF); {_NOT_TEXT}"),
    (b"ID3", f"this is an MP3 file; {_NOT_TEXT}"),
    (b"\xff\xfb", f"this is an MP3 file; {_NOT_TEXT}"),
    (b"fLaC", f"this is a FLAC file; {_NOT_TEXT}"),
    (b"OggS", f"this is an Ogg audio file; {_NOT_TEXT}"),
    (b"%PDF", f"this is a PDF file; {_NOT_TEXT}"),
    (b"\x89PNG", f"this is a picture; {_NOT_TEXT}"),
    (b"\xff\xd8\xff", f"this is a picture; {_NOT_TEXT}"),
    (b"SQLite format 3", f"this is an SQLite database; export the table as CSV; {_NOT_TEXT}"),
    (b"ARROW1", f"this is an Arrow (Feather) file; write it as Parquet; {_NOT_TEXT}"),
    (b"ORC", f"this is an ORC file; write it as Parquet; {_NOT_TEXT}"),
    (b"Obj\x01", f"this is an Avro file; write it as Parquet; {_NOT_TEXT}"),
    (b"{\\rtf", f"this is an RTF document; save it as plain text in UTF-8; {_NOT_TEXT}"),
    (_ENCRYPTED_MAGIC, "this Parquet file is encrypted; write it again without encryption"),
)
_BYTE_ORDER_MARKS = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")
_UTF8_MARK = b"\xef\xbb\xbf"
_NOT_IN_TEXT = bytes({*range(32), 127} - {*b"\t\n\v\f\r\x1b"})


def recognize(head: bytes, tail: bytes, name: str) -> Kind:
    """The kind of manifest that starts with `head` and ends with the four bytes `tail`.

    Raises `Unreadable` that says what the file is instead, and how to make a manifest of it.
    """
    if not (decoded(head, "replace") if is_utf16(head) else head.removeprefix(_UTF8_MARK)).strip():
        raise Unreadable("the file is empty; write a first line with the names of the columns, such as id,transcript")
    if head.startswith(PARQUET_MAGIC):
        return _parquet(tail)
    _refuse_foreign(head, name)
    if is_utf16(head):
        return _kind_of_text(decoded(head, "replace").encode(), name)
    _refuse_unknown_binary(head)
    return _kind_of_text(head.removeprefix(_UTF8_MARK), name)


def _parquet(tail: bytes) -> Kind:
    if tail == _ENCRYPTED_MAGIC:
        raise Unreadable("this Parquet file is encrypted; write it again without encryption")
    if tail != PARQUET_MAGIC:
        raise Unreadable("this Parquet file is truncated; copy or write it again")
    return "parquet"


def _refuse_foreign(head: bytes, name: str) -> None:
    if head.startswith(b"PK\x03\x04"):
        is_sheet = name.lower().endswith((".xlsx", ".xlsm", ".ods")) or b"xl/" in head or b"opendocument" in head
        what = f"a spreadsheet; {_SAVE_AS_CSV}" if is_sheet else "a zip file; unpack it first"
        raise Unreadable(f"this is {what}")
    if head[4:8] == b"ftyp":
        raise Unreadable(f"this is an MP4 audio or video file; {_NOT_TEXT}")
    for magic, why in _FOREIGN:
        if head.startswith(magic):
            raise Unreadable(why)


def _refuse_unknown_binary(head: bytes) -> None:
    zeros_even, zeros_odd = head[0::2].count(0), head[1::2].count(0)
    half = max(1, len(head) // 2)
    if head.startswith(_BYTE_ORDER_MARKS) or (max(zeros_even, zeros_odd) > 0.4 * half > 2 * min(zeros_even, zeros_odd)):
        raise Unreadable(f"this text is in UTF-32, or in UTF-16 without a byte order mark; {_SAVE_AS_CSV}")
    controls = len(head) - len(head.translate(None, _NOT_IN_TEXT))
    if controls > max(8, 0.05 * len(head)):
        raise Unreadable(f"this is a binary file, not text; {_NOT_TEXT}")


def _kind_of_text(head: bytes, name: str) -> Kind:
    start = head.lstrip()
    if start.startswith(b"{"):
        return "jsonl"
    if start.startswith(b"[") and start[1:].lstrip()[:1] in (b"{", b"[", b"]"):
        raise Unreadable("this is one JSON list; write each of its objects on a separate line (JSONL)")
    if re.match(rb"<(!doctype|html|\?xml)", start, re.IGNORECASE):
        raise Unreadable(f"this is a web page or XML; {_NOT_TEXT}")
    if name.lower().endswith((".jsonl", ".ndjson")):
        raise Unreadable('the first line of a JSONL file must be an object, such as {"id": "1", "transcript": "Hello"}')
    if name.lower().endswith((".parquet", ".pq")):
        raise Unreadable("this is not a Parquet file, although its name says so; write it again, or correct its name")
    return "delimited"
