"""Shard jobs and their results as JSON, for workers in other processes."""

from dataclasses import dataclass
from typing import Final

from pydantic import TypeAdapter

from voicemill.errors import StorageError, VoicemillError
from voicemill.pipeline.jobs import ShardJob, ShardResult

END_LINE: Final = b"end\n"
"""Sent to a worker process that has no more jobs. The end of its input means that the driver has ended."""

_JOB: Final = TypeAdapter(ShardJob)


@dataclass(frozen=True, slots=True)
class JobEnd:
    """The end of a job: its result, or the class and the message of the error that prevented one."""

    result: ShardResult | None = None
    error: tuple[str, str] | None = None


_END: Final = TypeAdapter(JobEnd)


def job_as_json(job: ShardJob) -> bytes:
    """A job as one line without its end."""
    return _JOB.dump_json(job)


def job_from_json(line: bytes | str) -> ShardJob:
    """The job of a line. Raises `ValueError`."""
    return _JOB.validate_json(line)


def end_as_json(end: JobEnd) -> bytes:
    """The end of a job as one line without its end."""
    return _END.dump_json(end)


def end_from_json(line: bytes | str) -> JobEnd:
    """The end of a job of a line. Raises `ValueError`."""
    return _END.validate_json(line)


def failed(error: Exception) -> JobEnd:
    """The end of a job that raised `error`."""
    kind = type(error) if isinstance(error, VoicemillError) else StorageError
    message = str(error) if isinstance(error, VoicemillError) else f"{type(error).__name__}: {error}"
    return JobEnd(error=(kind.__name__, message))


def error_named(name: str, message: str) -> VoicemillError:
    """The error of a worker, of the class with this name; a `StorageError` if there is none that takes a message."""
    return _KINDS.get(name, StorageError)(message)


def _kinds(base: type[VoicemillError]) -> dict[str, type[VoicemillError]]:
    found = {base.__name__: base}
    for kind in base.__subclasses__():
        found |= _kinds(kind)
    return found


_KINDS: Final = {name: kind for name, kind in _kinds(VoicemillError).items() if name != "ManifestError"}
