"""What assembling a row comes to."""

from dataclasses import dataclass

from voicemill.model import MadeFile, Receipt
from voicemill.store.outputs import Delivered


@dataclass(frozen=True, slots=True)
class Assembled:
    """A row's files in their places, and the receipts of the answers they were made from.

    `more_files` are those besides the first, `heard` is the text where one was recognised.
    """

    delivered: Delivered
    duration_s: float
    receipts: tuple[Receipt, ...]
    more_files: tuple[MadeFile, ...] = ()
    heard: str | None = None
