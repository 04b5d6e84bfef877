"""Check a whole manifest before anything is billed."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from voicemill.audio.inspection import Inspector
from voicemill.config import Settings
from voicemill.errors import ManifestError, Problem
from voicemill.manifest.book_folder import with_book, with_narrator
from voicemill.manifest.columns import RECORDINGS, Columns
from voicemill.manifest.counted_rows import CountedRows
from voicemill.manifest.dependency_checks import DependencyCheck
from voicemill.manifest.input_cells import InputCheck
from voicemill.manifest.parameters import ParameterCheck
from voicemill.manifest.problems import printable
from voicemill.manifest.readers import STDIN, Line, Reader, Source, Unreadable, open_reader
from voicemill.manifest.readers.dataframe import ManifestBytes
from voicemill.manifest.recording_cells import NO_INPUT_STORE, InputStore, Inspect, RecordingFolder
from voicemill.manifest.row_check import Checked, RowCheck
from voicemill.manifest.sources import Listing, is_listing, open_listing
from voicemill.manifest.speech_files import read_allowed_words, read_cast, read_pronunciations
from voicemill.manifest.spoken_text import SpokenText
from voicemill.manifest.text_cells import TextFolder
from voicemill.manifest.text_encoding import UTF_16_NAME
from voicemill.manifest.uniqueness import UniquenessCheck
from voicemill.manifest.voice_directory import VoiceDirectory
from voicemill.model import Row

MAX_KEPT = 10_000
_NOTHING = Checked(None, "", "", (), ())


class ManifestCheck:
    """Reads a manifest, or the files of a folder, glob or list, row by row, and collects its problems and warnings.

    Iterating yields the valid rows in the manifest's order and can be repeated. Then `problems` (the first 10,000),
    `problem_count`, `warnings`, `row_count`, `refused_count` (valid rows whose file cannot be processed) and `digest`
    (SHA-256 of the file) are known. `-` is standard input. The constructor and the iteration raise `ManifestError` if
    the file cannot be read.
    """

    def __init__(
        self,
        source: str | Path | ManifestBytes,
        settings: Settings,
        voices: VoiceDirectory,
        inspect: Inspect | None = None,
        store: InputStore = NO_INPUT_STORE,
    ) -> None:
        self._store = store
        inputs = with_book(source, settings.inputs)
        self._given = inputs.manifest
        self._cast = read_cast(inputs.cast) if inputs.cast else None
        self._allowed = read_allowed_words(inputs.allowed_words) if inputs.allowed_words else frozenset()
        self._rules = read_pronunciations(inputs.pronunciations) if inputs.pronunciations else ()
        self._defaults = with_narrator(settings.row_defaults, self._cast)
        self._operation = settings.operation
        self._format = settings.inputs.format
        self._is_markdown = settings.inputs.text == "markdown"
        self._voices = voices
        self._inspect = inspect or Inspector()
        self._forget()

    @property
    def columns(self) -> tuple[str, ...]:
        """The column names as the user wrote them."""
        return self._columns.names

    @property
    def dialect(self) -> str:
        """How the file differs from a plain CSV, TSV, JSONL or Parquet file; empty for a plain one."""
        encoding = UTF_16_NAME if isinstance(self._source, Source) and self._source.is_utf16 else ""
        return ", ".join(filter(None, (encoding, self._reader.dialect)))

    @property
    def carried_columns(self) -> tuple[str, ...]:
        """The columns that are copied to the results, in order."""
        return tuple(self._columns.carried)

    @property
    def names_files(self) -> bool:
        """Whether rows may depend on other files: recordings, texts, a cast or pronunciations."""
        if self._cast is not None or self._rules or isinstance(self._source, Listing):
            return True
        return not {"text_file", *RECORDINGS}.isdisjoint(self._columns.places)

    def __iter__(self) -> Iterator[Row]:
        """The valid rows in order."""
        self._forget()
        self._note_header()
        unique = UniquenessCheck()
        for line, checked in self._checked_lines():
            self.row_count = line.number
            self._written_rows += bool(line.cells or line.problem)
            unique.add(checked)
            self._note(line, checked)
            if checked.row is not None and not self._columns.problems:
                self._dependencies.add(checked.row)
                yield checked.row
        self._finish(unique)

    @property
    def taken_ids(self) -> frozenset[str]:
        """The ids of the rows whose output other rows use; known when the iteration has ended."""
        return self._dependencies.targets

    def raise_if_bad(self) -> None:
        """Raise one `ManifestError` with all problems; call it after the iteration."""
        if self.problem_count:
            raise self._error()

    def _forget(self) -> None:
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []
        self.problem_count = 0
        self.row_count = 0
        self.refused_count = 0
        self._written_rows = 0
        self._counted = CountedRows(with_marks=not self._is_markdown)
        self.digest = ""
        self._dependencies = DependencyCheck()
        self._reported: set[tuple[str, str]] = set()

    @cached_property
    def _source(self) -> Source | Listing:
        with self._file_problems():
            if not isinstance(self._given, ManifestBytes) and is_listing(str(self._given)):
                return open_listing(str(self._given), self._defaults.op)
            return Source(self._given)

    @cached_property
    def _reader(self) -> Reader:
        source = self._source
        with self._file_problems():
            if isinstance(source, Listing):
                return source
            return open_reader(source, self._format, with_audio=self._defaults.op != "tts")

    @cached_property
    def _columns(self) -> Columns:
        return Columns(self._reader.columns, self._defaults.op, is_explicit=bool(self._operation))

    @cached_property
    def _row_check(self) -> RowCheck:
        source = self._source
        is_list = isinstance(source, Listing)
        root = source.root if isinstance(source, Listing) else None
        texts = TextFolder(source.folder, root if is_list else Path(os.path.realpath(source.folder)))
        recordings = RecordingFolder(
            source.folder,
            root,
            self._inspect,
            takes_outputs=not is_list,
            store=self._store,
            data_folder=self._columns.audio_folder,
        )
        inputs = InputCheck(
            self._columns.places,
            texts,
            recordings,
            markdown=self._is_markdown,
            audio_track=self._defaults.audio_track,
        )
        return RowCheck(
            self._columns,
            ParameterCheck(self._defaults, self._voices, only=self._operation),
            inputs,
            listing=is_list,
            decimal_comma=self._reader.decimal_comma,
            spoken=self._spoken_text(),
            allowed_words=self._allowed,
        )

    def _spoken_text(self) -> SpokenText | None:
        if self._cast is None and not self._rules:
            return None
        return SpokenText(self._voices, self._cast, self._rules)

    def _checked_lines(self) -> Iterator[tuple[Line, Checked]]:
        check = self._row_check.check
        with self._file_problems():
            for line in self._reader.lines():
                usable = line.cells and not line.problem
                yield line, check(line.number, line.cells) if usable else _NOTHING

    def _note_header(self) -> None:
        for column, why in self._columns.problems:
            self._add(Problem(0, column, why))
        for column, why in self._columns.warnings:
            self._warn(Problem(0, column, why))
        if isinstance(self._source, Listing) and (left_out := self._source.left_out):
            why = f"{len(left_out):,} files are skipped because no operation processes them, such as {left_out[0]!r}"
            self._warn(Problem(0, "", why))

    def _note(self, line: Line, checked: Checked) -> None:
        self._counted.add(line, checked.row)
        if line.problem:
            self._add(self._problem(line, *line.problem))
        if checked.row is not None and checked.row.refusal is not None:
            self.refused_count += 1
            self._warn(self._problem(line, self._columns.names[1], checked.row.refusal.why))
        for column, why, from_settings, _ in checked.problems:
            if not from_settings:
                self._add(self._problem(line, column, why))
            elif self._is_new(column, why):
                self._add(Problem(0, column, why))
        for column, why, *_ in checked.warnings:
            if self._is_new(column, why):
                self._warn(self._problem(line, column, why))

    def _problem(self, line: Line, column: str, why: str) -> Problem:
        return Problem(line.number, self._columns.labels.get(column, column), why + self._place(line))

    def _is_new(self, column: str, why: str) -> bool:
        """Whether this was not reported before: a problem that many rows share is reported once."""
        if (column, why) in self._reported:
            return False
        if len(self._reported) < MAX_KEPT:
            self._reported.add((column, why))
        return True

    def _place(self, line: Line) -> str:
        expected = line.number + self._reader.lines_above
        return f" (line {line.place} of the file)" if line.place not in (0, expected) else ""

    def _finish(self, unique: UniquenessCheck) -> None:
        if not self._written_rows and not self.problem_count:
            self._add(Problem(0, "", "there are no rows below the column names; add one for each text"))
        for warning in self._counted.warnings(self._columns.labels.get("transcript", "")):
            self._warn(warning)
        self._find_repeats(unique)
        self._check_dependencies()
        self.problems.sort()
        with self._file_problems():
            self.digest = self._source.digest()

    def _find_repeats(self, unique: UniquenessCheck) -> None:
        repeats = unique.repeats(MAX_KEPT)
        if repeats is None:
            return
        for line, checked in self._checked_lines():
            for problem in repeats.problems(line.number, checked):
                self._add(problem)
        for problem in repeats.clashes():
            self._add(problem)
        self.problem_count += repeats.unnamed

    def _check_dependencies(self) -> None:
        targets = self.taken_ids
        if not targets:
            return
        for _, checked in self._checked_lines():
            if checked.id in targets:
                self._dependencies.add_target(checked.id, checked.row.op if checked.row else None)
        for problem in self._dependencies.problems():
            self._add(problem)

    def _add(self, problem: Problem) -> None:
        self.problem_count += 1
        if len(self.problems) < MAX_KEPT:
            self.problems.append(_printable(problem))

    def _warn(self, warning: Problem) -> None:
        if len(self.warnings) < MAX_KEPT:
            self.warnings.append(_printable(warning))

    @contextmanager
    def _file_problems(self) -> Iterator[None]:
        try:
            yield
        except Unreadable as unreadable:
            self._add(Problem(unreadable.row, "", unreadable.why))
            raise self._error() from None
        except OSError as error:
            self._add(Problem(0, "", f"the file cannot be read ({error.strerror}); check the disk it is on"))
            raise self._error() from None

    def _error(self) -> ManifestError:
        name = "standard input" if str(self._given) == STDIN else str(self._given)
        return ManifestError(printable(name, 5000), sorted(self.problems), self.problem_count)


def _printable(problem: Problem) -> Problem:
    return Problem(problem.row, printable(problem.column, 200), printable(problem.why))
