"""From answers to files. Free and repeatable: everything comes from the answer store and from the recordings."""

from voicemill.model import Op
from voicemill.plan.calls import RowPlan
from voicemill.store.answers import AnswerStore
from voicemill.store.outputs import OutputFolder
from voicemill.work.assemble.assembled import Assembled
from voicemill.work.assemble.change import assemble_change
from voicemill.work.assemble.patch import assemble_patch
from voicemill.work.assemble.speech import assemble_speech, is_the_file
from voicemill.work.assemble.text import assemble_text

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
