"""Assemble a transcript from the transcribed clips of a recording, and write it as text files."""

from voicemill.cartesia.stt import read_transcription
from voicemill.model import Receipt, Stt, Transcript, Word
from voicemill.pipeline.assemble.row_files import Assembled, deliver_texts
from voicemill.planning.row_calls import RowPlan
from voicemill.store.answer_store import AnswerStore
from voicemill.store.output_folder import Delivered, OutputFolder
from voicemill.text.segments import transcript_of


def assemble_text(plan: RowPlan, answers: AnswerStore, outputs: OutputFolder) -> Assembled:
    """Write the files of a transcription row. Raises `AnswerDamaged`, `StorageError` and `OutputRefused`."""
    receipts, transcript, language = _transcript(plan, answers)
    first, *more = deliver_texts(transcript, plan, outputs)
    delivered = Delivered(first.sha256, first.size_bytes)
    return Assembled(delivered, transcript.duration_s, receipts, tuple(more), transcript, language)


def _transcript(plan: RowPlan, answers: AnswerStore) -> tuple[tuple[Receipt, ...], Transcript, str]:
    """The receipts, all clips as one transcript with times from the start of the recording, and its language."""
    receipts, texts, words, language = [], [], list[Word](), ""
    for piece in plan.pieces:
        receipt, body = answers.read(piece.call.key)
        found = read_transcription(body)
        start_s = piece.call.clip.start_s if isinstance(piece.call, Stt) else 0.0
        receipts.append(receipt)
        texts.append(found.text.strip())
        words += [Word(word.word, word.start_s + start_s, word.end_s + start_s) for word in found.words]
        language = language or found.language or ""
    duration_s = _recording_s(plan) or sum(receipt.duration_s for receipt in receipts)
    text = " ".join(filter(None, texts))
    return tuple(receipts), transcript_of(text, plan.row.language, duration_s, words), language


def _recording_s(plan: RowPlan) -> float:
    """The length of a recording that was not uploaded as one file; 0 for others, and for a passage of a recording."""
    row = plan.row
    is_passage = row.from_s is not None or row.to_s is not None
    if row.audio is None or is_passage or (not row.cuts_s and row.audio.reading.is_uploadable):
        return 0.0
    return row.audio.duration_s
