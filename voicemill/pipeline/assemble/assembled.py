"""What assembling a row returns."""

from dataclasses import dataclass

from voicemill.model import MadeFile, Receipt, Transcript
from voicemill.store.output_folder import Delivered


@dataclass(frozen=True, slots=True)
class Assembled:
    """The delivered files of a row, and the receipts of the answers that they were made from.

    `more_files` are the files besides the first. `transcript` is set if words were requested. `found_language` is
    the language of the recording and `recognizer_flags` are reasons to doubt the transcript, if the service reports
    them.
    `places_s` are the start and end of each passage of joined speech in the file.
    """

    delivered: Delivered
    duration_s: float
    receipts: tuple[Receipt, ...]
    more_files: tuple[MadeFile, ...] = ()
    transcript: Transcript | None = None
    found_language: str = ""
    recognizer_flags: tuple[str, ...] = ()
    places_s: tuple[tuple[float, float], ...] = ()
