"""From answers to files. Free and repeatable: everything comes from the answer store and from the recordings."""

from voicemill.model import Op
from voicemill.plan.row_calls import RowPlan
from voicemill.run.assemble.infill import assemble_patch
from voicemill.run.assemble.row_files import Assembled
from voicemill.run.assemble.speech import assemble_speech, is_the_file
from voicemill.run.assemble.transcript import assemble_text
from voicemill.run.assemble.voice_change import assemble_change
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
