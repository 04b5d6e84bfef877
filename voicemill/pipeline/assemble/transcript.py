"""What was heard in a recording, written as files of text."""

from voicemill.cartesia.stt import read_transcription
from voicemill.model import Receipt, Stt, Transcript, Word
from voicemill.pipeline.assemble.row_files import Assembled, deliver_texts
from voicemill.planning.row_calls import RowPlan
from voicemill.store.answer_store import AnswerStore
from voicemill.store.output_folder import Delivered, OutputFolder
from voicemill.text.segments import transcript_of


def assemble_text(plan: RowPlan, answers: AnswerStore, outputs: OutputFolder) -> Assembled:
    """Make the files of a transcription row. Raises `AnswerDamaged`, `StorageError` and `OutputRefused`."""
    receipts, heard, language = _heard(plan, answers)
    first, *more = deliver_texts(heard, plan, outputs)
    delivered = Delivered(first.sha256, first.size_bytes)
    return Assembled(delivered, heard.duration_s, receipts, tuple(more), heard, language)


def _heard(plan: RowPlan, answers: AnswerStore) -> tuple[tuple[Receipt, ...], Transcript, str]:
    """All pieces as one transcript, its times counted from the start of the recording; and the language heard."""
    receipts, texts, words, language = [], [], list[Word](), ""
    for piece in plan.pieces:
        receipt, body = answers.read(piece.call.key)
        found = read_transcription(body)
        start_s = piece.call.clip.start_s if isinstance(piece.call, Stt) else 0.0
        receipts.append(receipt)
        texts.append(found.text.strip())
        words += [Word(word.word, word.start_s + start_s, word.end_s + start_s) for word in found.words]
        language = language or found.language or ""
    duration_s = sum(receipt.duration_s for receipt in receipts)
    text = " ".join(filter(None, texts))
    return tuple(receipts), transcript_of(text, plan.row.language, duration_s, words), language
