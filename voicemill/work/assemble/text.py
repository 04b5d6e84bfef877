"""What was heard in a recording, written as files of text."""

import json
from pathlib import PurePosixPath

from voicemill.api.stt import Transcription, read_transcription
from voicemill.model import MadeFile, Receipt, Stt, Word
from voicemill.plan.calls import RowPlan
from voicemill.store.answers import AnswerStore
from voicemill.store.outputs import Delivered, OutputFolder
from voicemill.work.assemble.assembled import Assembled


def assemble_text(plan: RowPlan, answers: AnswerStore, outputs: OutputFolder) -> Assembled:
    """Make the files of a transcription row. Raises `AnswerDamaged`, `StorageError` and `OutputRefused`."""
    receipts, heard = _heard(plan, answers)
    made: list[MadeFile] = []
    for format in plan.row.text_formats:
        name = str(PurePosixPath(plan.row.file_name).with_suffix(f".{format}"))
        delivered = outputs.deliver_bytes(name, _WRITTEN[format](heard).encode())
        made.append(MadeFile(name, delivered.sha256, delivered.size_bytes))
    duration_s = sum(receipt.duration_s for receipt in receipts)
    first = Delivered(made[0].sha256, made[0].size_bytes)
    return Assembled(first, duration_s, receipts, tuple(made[1:]), heard.text)


def _heard(plan: RowPlan, answers: AnswerStore) -> tuple[tuple[Receipt, ...], Transcription]:
    """All pieces as one transcription, its times counted from the start of the recording."""
    receipts, texts, words = [], [], []
    language: str | None = None
    for piece in plan.pieces:
        receipt, body = answers.read(piece.call.key)
        found = read_transcription(body)
        start_s = piece.call.clip.start_s if isinstance(piece.call, Stt) else 0.0
        receipts.append(receipt)
        texts.append(found.text.strip())
        words += [Word(word.word, word.start_s + start_s, word.end_s + start_s) for word in found.words]
        language = language or found.language
    duration_s = sum(receipt.duration_s for receipt in receipts)
    return tuple(receipts), Transcription(" ".join(filter(None, texts)), language, duration_s, tuple(words))


def _as_txt(heard: Transcription) -> str:
    return heard.text + "\n"


def _as_json(heard: Transcription) -> str:
    words = [{"word": word.word, "start": word.start_s, "end": word.end_s} for word in heard.words]
    content = {"text": heard.text, "language": heard.language, "duration": heard.duration_s, "words": words}
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


_WRITTEN = {"txt": _as_txt, "json": _as_json}
