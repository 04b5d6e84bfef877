"""Check what is in a results folder already, from its stored answers and without a call."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voicemill.audio.decode import UndecodableAudio, decode_segment
from voicemill.cartesia.stt import read_transcription
from voicemill.config import Settings
from voicemill.errors import BadAnswer
from voicemill.model import (
    AUDIO_OPS,
    Check,
    Clip,
    Finding,
    Outcome,
    Row,
    State,
    Status,
    Stt,
    Verdict,
)
from voicemill.pipeline.audit import answer_store
from voicemill.pipeline.check_answer import ToCompare, checked_body, stored_verdict, to_compare
from voicemill.pipeline.check_transcription import check_locally, transcribed_locally
from voicemill.pipeline.local_recognizer import LocalRecognizer, opened_recognizer
from voicemill.pipeline.passages import Line, as_kept
from voicemill.pipeline.prepare import earlier_service, planned_facts
from voicemill.pipeline.regenerated import RegeneratedPassages
from voicemill.planning.row_calls import CallPiece, plan_row
from voicemill.quality.pool import CheckPool
from voicemill.quality.verdict import guided_verdict, inconclusive, signals_verdict
from voicemill.store.answer_store import AnswerDamaged, AnswerStore
from voicemill.store.bucket_files import outputs_of
from voicemill.store.results_folder import ResultsFolder
from voicemill.store.tables.items_table import known_outcomes
from voicemill.store.tables.plan_table import PlanTable
from voicemill.store.tables.timings_tables import read_timings
from voicemill.store.verdict_cache import VerdictCache

_RATE_HZ = 16_000
_LONGEST_TRANSCRIPTION_S = 120.0
"""Guided decoding of a longer recording as one passage would take too much memory."""
_ROWS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class CheckedPassage:
    """The verdict on a passage. `number` counts from 1 within the row; findings are in seconds of the passage.

    `start_s` is where the passage starts in the row's file, None if no run has recorded it.
    """

    id: str
    number: int
    text: str
    verdict: Verdict
    start_s: float | None = None


def check_results(folder: ResultsFolder, check: Check) -> Iterator[CheckedPassage]:
    """The verdict on every passage of the finished rows, in the order of the table.

    `transcribed` uses the recognizer of this machine. Verdicts of `guided` and `transcribed` are stored; nothing else
    in the folder changes. The folder must be locked. Raises `ConfigError` if it holds no plan or Whisper is not
    installed, and `StorageError`.
    """
    facts = planned_facts(folder)
    with ExitStack() as opened:
        settings = Settings.model_validate(facts.settings)
        recognizer = opened.enter_context(opened_recognizer(settings)) if check == "transcribed" else None
        checker = _Checker(folder, settings, check, recognizer)
        opened.callback(checker.pool.close)
        threads = ThreadPoolExecutor(checker.pool.size)
        opened.callback(threads.shutdown, wait=True, cancel_futures=True)
        for row, outcome, lines in _finished(folder):
            jobs = [threads.submit(work) for work in checker.passages(row, outcome, lines)]
            yield from map(Future.result, jobs)


def _finished(folder: ResultsFolder) -> Iterator[tuple[Row, Outcome, list[Line]]]:
    """The finished rows with their outcomes and the lines of their passages."""
    table = PlanTable(folder.plan)
    lines = dict(read_timings(folder.passages)) if folder.passages.is_file() else {}
    for start in range(0, len(table), _ROWS_AT_ONCE):
        stop = min(len(table), start + _ROWS_AT_ONCE)
        known = known_outcomes(folder.earlier_tables(), table.ids(start, stop))
        for _, row in table.rows(start, stop):
            outcome = known.get(row.id)
            if outcome is not None and outcome.status is Status.DONE:
                yield row, outcome, lines.get(row.id, [])


class _Checker:
    """The checks of one folder."""

    def __init__(
        self, folder: ResultsFolder, settings: Settings, check: Check, recognizer: LocalRecognizer | None
    ) -> None:
        self.pool = CheckPool()
        self._recognizer = recognizer
        self._answers: AnswerStore = answer_store(folder)
        self._outputs = outputs_of(folder)
        self._verdicts = VerdictCache(folder.verdicts)
        self._settings = settings
        self._service = earlier_service(folder)
        self._regenerated = RegeneratedPassages(folder.regenerated)
        self._folder = folder
        self._check = check

    def passages(self, row: Row, outcome: Outcome, lines: list[Line]) -> list[Any]:
        """A function for each passage of a row, which checks it."""
        if any(recording.made_by for recording in row.source.recordings):
            return [lambda: self._dependent(row, outcome)]
        if row.speech.text_from is not None:
            row = replace(row, speech=replace(row.speech, text=outcome.transcript or ""))
        planned = plan_row(row, self._service, self._settings.long_text, self._settings.subtitles)
        plan = self._regenerated.apply(planned)
        by_number = {line["passage"]: line for line in lines}
        return [
            lambda number=number, piece=piece: self._passage(row, number, piece, by_number.get(number))
            for number, piece in enumerate(plan.pieces, start=1)
        ]

    def _passage(self, row: Row, number: int, piece: CallPiece, line: Line | None) -> CheckedPassage:
        if line is not None:
            piece = as_kept(piece, line)
        try:
            _, body = self._answers.read(piece.call.key)
            text, verdict = self._verdict(row, piece, body)
        except AnswerDamaged:
            text, verdict = "", inconclusive("no_answer", 0.0, "its answer is not in the store")
        return CheckedPassage(row.id, number, text, verdict, line["start_s"] if line else None)

    def _dependent(self, row: Row, outcome: Outcome) -> CheckedPassage:
        """A row whose input is the output of another row: its file, or its transcript and that output."""
        if row.op in AUDIO_OPS:
            clip = self._output(outcome.file_name, outcome)
            return CheckedPassage(row.id, 1, "", _decoded(clip, lambda samples: signals_verdict(samples, _RATE_HZ, "")))
        made = known_outcomes(self._folder.earlier_tables(), list(row.depends_on))
        clip = self._output(next((one.file_name for one in made.values()), None), outcome)
        text = outcome.transcript or ""
        return CheckedPassage(row.id, 1, text, self._compared(text, Stt("", "", row.language, clip)))

    def _output(self, file_name: str | None, outcome: Outcome) -> Clip:
        path = self._outputs.local_path(file_name) if file_name else self._folder.path
        return Clip("", path=str(path), duration_s=outcome.duration_s or 0.0)

    def _verdict(self, row: Row, piece: CallPiece, body: bytes) -> tuple[str, Verdict]:
        if isinstance(piece.call, Stt):
            return self._transcription(piece.call, body)
        wanted = to_compare(piece, row, self._check)
        if self._check == "signals":
            return wanted.text, checked_body(body, wanted)
        if self._recognizer is None:
            return wanted.text, stored_verdict(body, wanted, self.pool, self._verdicts)
        model = self._settings.checks.model
        return wanted.text, check_locally(body, wanted, self._recognizer, model, self.pool, self._verdicts)

    def _transcription(self, call: Stt, body: bytes) -> tuple[str, Verdict]:
        """A transcript is compared with its recording; the signals alone say nothing about it."""
        clip = call.clip
        try:
            text = read_transcription(body).text
        except BadAnswer as error:
            return "", inconclusive("no_answer", clip.duration_s, str(error))
        return text, self._compared(text, call)

    def _compared(self, text: str, call: Stt) -> Verdict:
        """The verdict on a transcript of the recording of `call`."""
        clip = call.clip
        if self._check == "signals":
            return inconclusive("transcript", clip.duration_s, "signals do not check transcripts")
        if clip.duration_s > _LONGEST_TRANSCRIPTION_S:
            return inconclusive("too_long", clip.duration_s, "only recordings of up to 120 s are checked")
        language = call.language or "en"
        if self._recognizer is not None:
            again = replace(call, service=self._recognizer.name, language=language)
            return transcribed_locally(again, ToCompare(text, language), self._recognizer, self.pool)
        return _decoded(clip, lambda samples: guided_verdict(samples, _RATE_HZ, text, language, self.pool))


def _decoded(clip: Clip, judged: Callable[[NDArray[np.float32]], Verdict]) -> Verdict:
    """The verdict of `judged` on the 16 kHz samples of a clip."""
    try:
        blocks = decode_segment(Path(clip.path), _RATE_HZ, clip.start_s, clip.stop_s, clip.reading)
        samples = np.concatenate([np.zeros(0, np.float32), *blocks])
    except (UndecodableAudio, OSError) as error:
        return inconclusive("recording_unreadable", clip.duration_s, str(error))
    return judged(samples)


def places(passage: CheckedPassage) -> Iterator[Finding]:
    """The findings in seconds of the row's file, if the place of the passage is known."""
    start_s = passage.start_s or 0.0
    for finding in passage.verdict.findings:
        yield replace(finding, start_s=round(start_s + finding.start_s, 2), end_s=round(start_s + finding.end_s, 2))


def is_suspect(passage: CheckedPassage) -> bool:
    """Whether a passage is bad or inconclusive."""
    return passage.verdict.state is not State.OK
