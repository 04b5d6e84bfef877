"""Check a results folder and export from it: `voicemill.verify` and `voicemill.export`."""

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Literal

from voicemill.errors import ConfigError
from voicemill.pipeline.audit import Violation, audit
from voicemill.pipeline.check_results import CheckedPassage, check_results
from voicemill.pipeline.export import FORMATS, Exported, subtitle_rules
from voicemill.pipeline.export import export as export_rows
from voicemill.store.bucket_copies import opened_run


def verify(results: str | PathLike[str]) -> list[Violation]:
    """Compare every file, answer and table in a results folder with its recorded checksum; makes no call.

    Results at an address such as `s3://bucket/prefix` are downloaded first.

    Returns the violations, each with `kind`, the place and the reason; none means that every row has one status, and
    every finished row's files have the recorded SHA-256, size and duration. A violation with `is_note` is not damage.

    Raises:
        ConfigError: `results` is not a results folder.
        ResultsLockedError: A run uses the folder.
        StorageError: Something cannot be read at all.
    """
    with opened_run(results, files=True) as folder, folder.locked():
        return audit(folder.path)


def check(
    results: str | PathLike[str], *, check: Literal["signals", "guided", "transcribed"] = "guided"
) -> list[CheckedPassage]:
    """Check the audio and the transcripts of finished rows for faults, from stored answers; makes no call.

    Args:
        results: A results folder, or an address such as `s3://bucket/prefix`.
        check: `signals` examines the samples; `guided` also compares the words with the text, in English;
            `transcribed` does so in any language, with Whisper on this machine.

    Returns the verdict on each passage, in the order of the table. Generated audio is checked against its text, and
    a transcript against its recording unless `check` is `signals`.

    Raises:
        ConfigError: `results` is not a results folder, or holds no plan; Whisper is not installed.
        ResultsLockedError: A run uses the folder.
        StorageError: Something cannot be read at all.
    """
    with opened_run(results) as folder, folder.locked():
        return [*check_results(folder, check)]


def export(
    results: str | PathLike[str],
    to: str | Sequence[str],
    output_dir: str | PathLike[str] | None = None,
    *,
    max_line_width: int | None = None,
    max_line_count: int | None = None,
    highlight_words: bool | None = None,
) -> Exported:
    """Write transcripts, subtitles and other formats of finished rows, from stored data; makes no call.

    Args:
        results: A results folder, or an address such as `s3://bucket/prefix`.
        to: Formats, such as `"srt,vtt"` or `["srt", "json"]`; see `voicemill export --help`.
        output_dir: Where the files go. Default: `text/` in the results folder.
        max_line_width: Characters per subtitle line. Default: as in the run.
        max_line_count: Lines per subtitle. Default: as in the run.
        highlight_words: Underline each word of a subtitle while it is spoken.

    Returns the counts of rows and files, and what could not be written.

    Raises:
        ConfigError: `results` holds no finished run, or a format is unknown.
        ResultsLockedError: A run uses the folder.
        StorageError: A file could not be written.
    """
    formats = _formats(to)
    given = {"max_line_width": max_line_width, "max_line_count": max_line_count, "highlight_words": highlight_words}
    with opened_run(results) as folder, folder.locked():
        rules = subtitle_rules(folder, {name: value for name, value in given.items() if value is not None})
        return export_rows(folder, formats, Path(output_dir) if output_dir is not None else None, rules)


def _formats(to: str | Sequence[str]) -> tuple[str, ...]:
    names = to.split(",") if isinstance(to, str) else to
    formats = tuple(dict.fromkeys(name.strip().casefold().lstrip(".") for name in names if name.strip()))
    unknown = [name for name in formats if name not in FORMATS]
    if unknown or not formats:
        raise ConfigError(f"unknown format {', '.join(unknown) or 'nothing'}; use {', '.join(FORMATS)}")
    return formats
