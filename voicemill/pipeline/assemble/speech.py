"""Assemble speech: join the audio of all parts of a text into one file, with pauses at sentence and paragraph ends."""

from collections.abc import Iterator
from dataclasses import replace

from voicemill.audio.join import Place, Samples, join, read_samples
from voicemill.model import Receipt, Tts, Word
from voicemill.pipeline.assemble.answer_files import has_format_of_file, is_sized
from voicemill.pipeline.assemble.assembled import Assembled
from voicemill.pipeline.assemble.row_files import deliver_audio, deliver_texts
from voicemill.planning.row_calls import CallPiece, RowPlan
from voicemill.store.answer_store import AnswerStore
from voicemill.store.output_folder import OutputFolder
from voicemill.text.segments import transcript_of
from voicemill.text.shown_words import Shown, shown_words


def assemble_speech(plan: RowPlan, answers: AnswerStore, outputs: OutputFolder) -> Assembled:
    """Make the files of `plan.row` from its answers, holding one answer in memory at a time.

    Raises `AnswerDamaged`, `StorageError` and `OutputRefused`.
    """
    places: list[Place] = []
    assembled = _as_answered(plan, answers, outputs) or _joined(plan, answers, outputs, places)
    row, output = plan.row, plan.row.output
    if not output.needs_word_timestamps and not output.text_formats:
        return assembled
    words = _words(plan, assembled.receipts, places)
    transcript = transcript_of(row.speech.text, row.language, assembled.duration_s, words)
    made = deliver_texts(transcript, plan, outputs)
    return replace(assembled, more_files=made, transcript=transcript if output.needs_word_timestamps else None)


def _as_answered(plan: RowPlan, answers: AnswerStore, outputs: OutputFolder) -> Assembled | None:
    """Deliver the row's only answer unchanged."""
    if not has_format_of_file(plan):
        return None
    receipt, body = answers.read(plan.pieces[0].call.key)
    if not is_sized(body):
        return None
    return Assembled(outputs.deliver_bytes(plan.row.file_name, body), receipt.duration_s, (receipt,))


def _joined(plan: RowPlan, answers: AnswerStore, outputs: OutputFolder, places: list[Place]) -> Assembled:
    receipts: list[Receipt] = []
    rate_hz = plan.row.output.audio_format.sample_rate_hz
    blocks = join(_pieces(plan, answers, receipts), rate_hz, places)
    delivered, duration_s = deliver_audio(blocks, plan.row, outputs)
    places_s = tuple((place.start_s(rate_hz), place.end_s(rate_hz)) for place in places)
    return Assembled(delivered, duration_s, tuple(receipts), places_s=places_s)


def _pieces(plan: RowPlan, answers: AnswerStore, receipts: list[Receipt]) -> Iterator[tuple[Samples, float]]:
    for piece in plan.pieces:
        receipt, body = answers.read(piece.call.key)
        receipts.append(receipt)
        yield read_samples(body)[0], piece.pause_s


def _words(plan: RowPlan, receipts: tuple[Receipt, ...], places: list[Place]) -> list[Word]:
    """The words of all parts, with their times in the file."""
    if not places:
        return _shown(plan.pieces[0], receipts[0])
    rate_hz = plan.row.output.audio_format.sample_rate_hz
    return [
        Word(word.word, place.moved_s(word.start_s, rate_hz), place.moved_s(word.end_s, rate_hz))
        for piece, receipt, place in zip(plan.pieces, receipts, places, strict=True)
        for word in _shown(piece, receipt)
    ]


def _shown(piece: CallPiece, receipt: Receipt) -> list[Word]:
    """The words of one answer, with those that are shown in place of their pronunciations."""
    if not piece.replaced or not isinstance(piece.call, Tts):
        return list(receipt.words)
    return shown_words(receipt.words, piece.call.transcript, [Shown(*each) for each in piece.replaced])
