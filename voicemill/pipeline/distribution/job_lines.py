"""Shard jobs and their results as JSON, for workers in other processes."""

from dataclasses import dataclass
from typing import Final

from pydantic import TypeAdapter

from voicemill.errors import StorageError, VoicemillError
from voicemill.pipeline.context import RunLost
from voicemill.pipeline.jobs import ShardJob, ShardResult

END_LINE: Final = b"end\n"
"""Sent to a worker process that has no more jobs. The end of its input means that the driver has ended."""

_JOB: Final = TypeAdapter(ShardJob)


class WorkerLost(Exception):
    """A worker has ended before its shard was finished. `worker` is its name, empty if it is unknown."""

    def __init__(self, worker: str, reason: str) -> None:
        super().__init__(reason)
        self.worker = worker


def lost_with(error: Exception) -> WorkerLost:
    """The loss of a worker that a cluster reports with `error`, which names no worker."""
    return WorkerLost("", f"{type(error).__name__}: {str(error).strip() or 'it ended'}")


@dataclass(frozen=True, slots=True)
class JobEnd:
    """The end of a job: its result, or the class and the message of the error that prevented one.

    `restarted_after` names a lost worker, if a scheduler started the job again without knowledge of the driver.
    """

    result: ShardResult | None = None
    error: tuple[str, str] | None = None
    restarted_after: str = ""


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


def result_of(line: bytes | str, worker: str = "") -> ShardResult:
    """The result in a line from `worker`. Raises `WorkerLost` if another worker must do the job, or the job's error."""
    end = _END.validate_json(line)
    if end.restarted_after:
        raise WorkerLost(end.restarted_after, "its process was lost")
    if end.result is not None:
        return end.result
    error = error_named(*(end.error or ("", "")))
    if isinstance(error, RunLost):  # It did not respond for a while and was replaced.
        raise WorkerLost(worker, str(error))
    raise error


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
