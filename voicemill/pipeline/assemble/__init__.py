"""Assemble files from answers. This is free and repeatable: all data is in the answer store and the recordings."""

from voicemill.model import Op
from voicemill.pipeline.assemble.infill import assemble_patch
from voicemill.pipeline.assemble.row_files import Assembled
from voicemill.pipeline.assemble.speech import assemble_speech, is_the_file
from voicemill.pipeline.assemble.transcript import assemble_text
from voicemill.pipeline.assemble.voice_change import assemble_change
from voicemill.planning.row_calls import RowPlan
from voicemill.store.answer_store import AnswerStore
from voicemill.store.output_folder import OutputFolder

__all__ = ["Assembled", "assemble", "is_the_file"]

_BY_OP = {
    Op.TTS: assemble_speech,
    Op.STT: assemble_text,
    Op.VOICE_CHANGE: assemble_change,
    Op.INFILL: assemble_patch,
}


def assemble(plan: RowPlan, answers: AnswerStore, outputs: OutputFolder) -> Assembled:
    """Make the files of `plan.row` from its answers, holding one answer in memory at a time.

    Raises `AnswerDamaged`, `StorageError` and `OutputRefused`.
    """
    return _BY_OP[plan.row.op](plan, answers, outputs)
