"""Assemble files from answers. This is free and repeatable: all data is in the answer store and the recordings."""

from importlib import import_module

from voicemill.model import Op
from voicemill.pipeline.assemble.assembled import Assembled
from voicemill.planning.row_calls import RowPlan
from voicemill.store.answer_store import AnswerStore
from voicemill.store.output_folder import OutputFolder

_BY_OP = {
    Op.TTS: ("speech", "assemble_speech"),
    Op.STT: ("transcript", "assemble_text"),
    Op.VOICE_CHANGE: ("voice_change", "assemble_change"),
    Op.INFILL: ("infill", "assemble_infill"),
}
"""Module and function by operation. They are imported when first used, because their decoders take long to import."""


def assemble(plan: RowPlan, answers: AnswerStore, outputs: OutputFolder) -> Assembled:
    """Make the files of `plan.row` from its answers, holding one answer in memory at a time.

    Raises `AnswerDamaged`, `StorageError` and `OutputRefused`.
    """
    module, function = _BY_OP[plan.row.op]
    assembled: Assembled = getattr(import_module(f"{__name__}.{module}"), function)(plan, answers, outputs)
    return assembled
