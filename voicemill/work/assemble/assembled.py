"""What assembling a row comes to."""

from dataclasses import dataclass

from voicemill.model import MadeFile, Receipt, Transcript
from voicemill.store.outputs import Delivered


@dataclass(frozen=True, slots=True)
class Assembled:
    """A row's files in their places, and the receipts of the answers they were made from.

    `more_files` are those besides the first, `transcript` is there where words were asked for.
    `found_language` is what the service took a recording's language for, where it tells.
    """

    delivered: Delivered
    duration_s: float
    receipts: tuple[Receipt, ...]
    more_files: tuple[MadeFile, ...] = ()
    transcript: Transcript | None = None
    found_language: str = ""
