"""Assemble a transcript from the transcribed clips of a recording, and write it as text files."""

from collections.abc import Sequence

from voicemill.cartesia.stt import Transcription, read_transcription
from voicemill.model import Receipt, Stt, Transcript, Word
from voicemill.pipeline.assemble.assembled import Assembled
from voicemill.pipeline.assemble.row_files import deliver_texts
from voicemill.planning.row_calls import RowPlan
from voicemill.store.answer_store import AnswerStore
from voicemill.store.output_folder import Delivered, OutputFolder
from voicemill.text.segments import transcript_of


def assemble_text(plan: RowPlan, answers: AnswerStore, outputs: OutputFolder) -> Assembled:
    """Write the files of a transcription row. Raises `AnswerDamaged`, `StorageError` and `OutputRefused`."""
    receipts, found = _read(plan, answers)
    transcript = _transcript(plan, found, sum(receipt.duration_s for receipt in receipts))
    language = next((one.language for one in found if one.language), "")
    flags = tuple(dict.fromkeys(flag for one in found for flag in one.flags))
    first, *more = deliver_texts(transcript, plan, outputs)
    delivered = Delivered(first.sha256, first.size_bytes)
    return Assembled(delivered, transcript.duration_s, receipts, tuple(more), transcript, language, flags)


def _read(plan: RowPlan, answers: AnswerStore) -> tuple[tuple[Receipt, ...], list[Transcription]]:
    """The receipt and the transcription of each clip."""
    receipts, found = [], []
    for piece in plan.pieces:
        receipt, body = answers.read(piece.call.key)
        receipts.append(receipt)
        found.append(read_transcription(body))
    return tuple(receipts), found


def _transcript(plan: RowPlan, found: Sequence[Transcription], transcribed_s: float) -> Transcript:
    """All clips as one transcript with times from the start of the recording."""
    words = list[Word]()
    for piece, one in zip(plan.pieces, found, strict=True):
        start_s = piece.call.clip.start_s if isinstance(piece.call, Stt) else 0.0
        words += [Word(word.word, word.start_s + start_s, word.end_s + start_s) for word in one.words]
    text = " ".join(filter(None, (one.text.strip() for one in found)))
    return transcript_of(text, plan.row.language, _recording_s(plan) or transcribed_s, words)


def _recording_s(plan: RowPlan) -> float:
    """The length of a recording that was not uploaded as one file; otherwise, and for a passage of a recording, 0."""
    source = plan.row.source
    if source.audio is None or source.is_passage or (not source.boundaries_s and source.audio.reading.is_uploadable):
        return 0.0
    return source.audio.duration_s
