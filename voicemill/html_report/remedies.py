"""What to do about rows that are not done, and what the quality flags mean."""

import shlex
from collections.abc import Sequence
from typing import Final, NamedTuple

from voicemill.model import Status


class Remedy(NamedTuple):
    """A reason as a title, what it means, what to do, and the command for that."""

    title: str
    why: str
    remedy: str
    command: str


_NOT_BILLED = "Completed calls are not billed again."
_BY_CLASS: Final = {
    "throttled": (
        "Too many concurrent requests",
        "The service rejected every attempt because too many requests were in flight (429).",
        "Retry these rows with fewer concurrent calls.",
        "voicemill retry {results} --class {name} --max-concurrency 2",
    ),
    "transient": (
        "The service or the network failed",
        "Every attempt ended in a server error, a lost connection or a timeout.",
        "Retry these rows once the service is available.",
        "voicemill retry {results} --class {name}",
    ),
    "incomplete": (
        "Incomplete responses",
        "Every response broke off before its end, so nothing was stored.",
        "Retry these rows. If it happens again, check the network and any proxy.",
        "voicemill retry {results} --class {name}",
    ),
    "bad_answer": (
        "Responses with wrong content",
        "The service answered with something other than what was requested.",
        "Retry these rows. If it happens again, report the request ids to the service.",
        "voicemill retry {results} --class {name}",
    ),
    "refused": (
        "Refused by the service",
        "The service rejects these requests and will reject them again.",
        "Correct the rows in failures.csv or in the manifest, then run them. Unchanged rows need --force.",
        "voicemill run {failures} -o {results}-corrected",
    ),
}
_BY_STATUS: Final = {
    Status.FAILED: ("Failed rows", "These rows failed.", "Retry them.", "voicemill retry {results}"),
    Status.REFUSED: (
        "Refused rows",
        "These rows cannot be processed as they are.",
        "Correct the input of each row, then run the manifest again.",
        "voicemill run {failures} -o {results}-corrected",
    ),
    Status.NOT_STARTED: (
        "Not started",
        "The run ended before it reached these rows.",
        "Resume the run.",
        "voicemill retry {results}",
    ),
}
PASSAGE_FLAGS: Final = {
    "silent": ("Silent audio", "The audio is completely silent."),
    "long_silence": ("Long silences", "A silence is longer than 1.4 s within a passage, or 2.5 s at its start or end."),
    "clipped": ("Clipped audio", "More than 0.2 % of the samples are cut off at full scale."),
    "truncated": ("Truncated audio", "The audio ends while the voice is as loud as in the middle of a word."),
    "stuck": ("Stuck sounds", "A sound repeats itself at a constant interval for a second or longer."),
    "too_fast": ("Too fast", "The audio is too short for its text: more than 34 characters a second."),
    "too_slow": ("Too slow", "The audio is too long for its text: fewer than 4 characters a second."),
    "missing": ("Missing sentences", "A sentence of the text is not spoken."),
    "repeated": ("Repeated sentences", "A sentence is spoken twice."),
    "other_words": ("Other words", "The audio does not follow the text."),
    "unclear": ("Unclear speech", "For a second or longer, the sounds do not fit the words."),
    "stretched": ("Stretched words", "One word takes more than 1.6 s."),
    "added": ("Added words", "The transcription has words that the text does not have."),
    "different": ("Different words", "The transcription has other words than the text."),
    "other_sound": ("Other sounds", "The audio has sound where the text has no words."),
}
"""Title and meaning of each fault that a check of generated audio finds in a passage."""
FLAG_MEANINGS: Final = {
    "empty": ("Empty transcripts", "No word was recognized."),
    "looping": ("Repeated phrases", "The transcript repeats a phrase at least four times in a row."),
    "speech_rate": ("Impossible speech rate", "The words follow each other faster than a person can speak."),
    "language": ("Another language", "The recognized language is not the requested one."),
    "untimed": ("No word timestamps", "Word timestamps were requested, but the response has none."),
    "damaged": ("Damaged recordings", "A part of the recording could not be decoded and is missing."),
    **PASSAGE_FLAGS,
}
"""Title and meaning of each quality flag in the column `suspect`."""
INCONCLUSIVE: Final = (
    "Check without a result",
    "The check could not decide, for example because it does not know the language. A row lists the reasons.",
    "Listen to some of these rows.",
)
MOST_COMMANDS: Final = 5


def remedy_of(status: Status, error_class: str, code: str, results: str, failures: str) -> Remedy:
    """What to do about rows with this status and error. `results` and `failures` are quoted for a shell."""
    title, why, remedy, command = _BY_CLASS.get(error_class, _BY_STATUS[status])
    named = f"{title} ({code})" if code and code != error_class else title
    note = f"{remedy} {_NOT_BILLED}" if "retry" in command else remedy
    return Remedy(named, why, note, command.format(results=results, failures=failures, name=error_class))


def regenerate_commands(folder: str, passages: Sequence[str]) -> list[str]:
    """A command for each of the first five passages, given as `ROW/NUMBER`, that generates it again."""
    return [shlex.join(["voicemill", "book", "regenerate", folder, name]) for name in passages[:MOST_COMMANDS]]
