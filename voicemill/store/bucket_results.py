"""Results in an object store: a local folder in which a run works, and the objects that another machine resumes from.

Write order: an answer is written to the store before its call counts as answered, the files of a shard before the part
of the table that lists them, and the published tables before the parts are deleted. The store is the truth: what the
local folder has in addition is uploaded or made again.
"""

import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from os import PathLike
from pathlib import Path
from typing import Any, Final, Protocol

from voicemill.errors import ConfigError, StorageError
from voicemill.store import durable_files as durable
from voicemill.store.bucket_lease import NAME as LEASE
from voicemill.store.bucket_lease import is_held, leased
from voicemill.store.object_store import ObjectFolder, StoredObject, object_address
from voicemill.store.results_folder import ResultsFolder, read_json, write_json
from voicemill.store.spend_ledger import Ledger

SCRATCH_VARIABLE: Final = "VOICEMILL_SCRATCH"
_NOT_STORED: Final = frozenset(
    {"bucket.json", "lease.json", "lock", "writable", "control.json", "progress.json", "copied.json"}
    | {"recordings.jsonl"}
)
"""Files of `.voicemill` that only this machine needs."""
_NOTES: Final = ".voicemill"
_LOG_PIECES: Final = f"{_NOTES}/written"
_PARTS: Final = f"{_NOTES}/parts"
_WORKERS: Final = f"{_NOTES}/workers"
_PLAN: Final = f"{_NOTES}/plan.json"
_PROGRESS: Final = f"{_NOTES}/progress.json"

_PUBLISHED: Final = frozenset({*ResultsFolder.PUBLISHED, *ResultsFolder.TIMINGS, ResultsFolder.REPORT})

_attached: "dict[Path, AttachedBucket]" = {}


class WriteRight(Protocol):
    """The right of this process to write results."""

    def check(self) -> None:
        """Raise an error if another process may write them by now."""


class AttachedBucket:
    """The objects of a results folder in which this process works, while `lease` permits it to write them."""

    def __init__(self, folder: ResultsFolder, objects: ObjectFolder, lease: WriteRight) -> None:
        self.folder = folder
        self.objects = objects
        self.lease = lease
        self._stored = objects.list()
        self._log_pieces = 0

    @property
    def address(self) -> str:
        """The address of the results."""
        return self.objects.address

    def get(self, name: str) -> StoredObject | None:
        """An object that was in the store when the run started, or that this run wrote."""
        return self._stored.get(name)

    def find(self, name: str) -> StoredObject | None:
        """An object that is in the store now. While only this process writes, it knows all of them."""
        return self.get(name)

    @property
    def has_results(self) -> bool:
        """Whether a run has stored its plan there."""
        return _PLAN in self._stored

    def names(self, below: str) -> list[str]:
        """The names of the stored objects below a folder."""
        return [name for name in self._stored if name.startswith(f"{below}/")]

    def list_again(self) -> None:
        """Read the names, sizes and ETags of all stored objects again. Raises `StorageError`."""
        self._stored = self.objects.list()

    def take_in_workers(self) -> None:
        """Take in what the workers of a run have stored: the parts, and the log of written files."""
        self.list_again()
        self.download_changed(self.names(_PARTS))
        self._merge_log(_lines(self.folder.written))

    def download_part(self, part: Path) -> None:
        """Download the part of a shard, with its tables of words, segments and passages. Raises `StorageError`."""
        folder = self._name(part.parent)
        found = {name: one for name, one in self.objects.list(folder).items() if name.endswith(f"/{part.name}")}
        if f"{folder}/{part.name}" not in found:
            raise StorageError(f"{self.address}/{folder}/{part.name} is missing; rerun the command to continue")
        self._stored |= found
        self._download(found)

    def download_changed(self, names: Iterable[str]) -> None:
        """Download those objects that the local folder does not have with the same content. Raises `StorageError`."""
        places = {name: self.folder.path / name for name in names}
        self._download([name for name, place in places.items() if not (place.is_file() and self._has(place))])

    def _download(self, names: Iterable[str]) -> None:
        """Write objects to the local folder; the files are readable by the owner only."""
        places = {name: self.folder.path / name for name in names}
        for folder in {place.parent for place in places.values()}:
            durable.make_folder(folder)
        partials = {name: durable.new_partial(place) for name, place in places.items()}
        self.objects.download(partials)
        durable.commit_together([(partials[name], place) for name, place in places.items()])

    def upload(self, paths: Sequence[Path]) -> None:
        """Store files of the results folder under their names. Raises `StorageError`."""
        self.lease.check()
        files = {self._name(path): path for path in paths}
        self.objects.upload(files)
        self._stored |= {name: StoredObject(path.stat().st_size, "") for name, path in files.items()}

    def upload_changed(self, paths: Sequence[Path]) -> None:
        """Store those files whose content the store does not have yet."""
        self.upload([path for path in paths if not self._has(path)])

    def store_part(self, part: Path) -> None:
        """Store the part of a shard, after the tables of words, segments and passages that belong to it."""
        self.upload([*sorted(part.parent.glob(f"*/{part.name}")), part])

    def upload_missing(self, paths: Sequence[Path]) -> None:
        """Store those files whose name the store does not have."""
        names = {path: self._name(path) for path in paths}
        self.upload([path for path, name in names.items() if name not in self._stored])

    def append_to_log(self, lines: Sequence[str]) -> None:
        """Store lines of the log of written files as another piece of it."""
        self.lease.check()
        self._log_pieces += 1
        name = f"{_LOG_PIECES}/{os.getpid()}-{os.urandom(4).hex()}-{self._log_pieces:06}.log"
        self.objects.write({name: "".join(f"{line}\n" for line in lines).encode()})
        self._stored[name] = StoredObject(0, "")

    def delete(self, names: Sequence[str]) -> None:
        """Delete objects. Raises `StorageError`."""
        self.lease.check()
        self.objects.delete(names)
        for name in names:
            self._stored.pop(name, None)

    def store_state(self) -> None:
        """Store the plan and the other small files of `.voicemill`, but no parts."""
        notes = [path for path in sorted(self.folder.notes.iterdir()) if path.is_file()]
        self.upload_changed([path for path in notes if path.name not in _NOT_STORED and path.suffix != ".partial"])

    def store_progress(self) -> None:
        """Store the progress of the run, for `voicemill status` on other machines. Raises `StorageError`."""
        if self.folder.progress.is_file():
            self.upload([self.folder.progress])

    def store_changes(self) -> None:
        """Store the report and the small files of `.voicemill`, if a command has changed them. Keeps all parts."""
        self.upload_changed([path for path in (self.folder.report,) if path.is_file()])
        self.store_state()

    def store_published(self) -> None:
        """Store the published files, `items.parquet` last, then delete the parts that they replace."""
        there = [path for path in self.folder.published if path.is_file()]
        self.upload_changed([path for path in there if path != self.folder.items])
        self.upload_changed([path for path in there if path == self.folder.items])
        self.store_state()
        published = {*self.folder.PUBLISHED, *self.folder.TIMINGS}.intersection(self._stored)
        gone = published.difference(path.name for path in there)
        self.delete([*gone, *self.names(_PARTS), *self.names(_LOG_PIECES)])

    def _name(self, path: Path) -> str:
        return path.relative_to(self.folder.path).as_posix()

    def _has(self, path: Path) -> bool:
        found = self._stored.get(self._name(path))
        if found is None or found.size_bytes != path.stat().st_size:
            return False
        return found.etag.strip('"') == hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()

    def pull(self) -> None:
        """Replace the state and the tables of the local folder by the stored ones. Answers and outputs stay there."""
        shutil.rmtree(self.folder.parts, ignore_errors=True)
        for name in _PUBLISHED:
            (self.folder.path / name).unlink(missing_ok=True)
        spent_here, log_here = read_json(self.folder.spent), _lines(self.folder.written)
        self.delete([name for name in (_PROGRESS,) if name in self._stored])  # of an earlier run
        self._download(self.state_names())
        self._keep_higher_spending(spent_here)
        self._merge_log(log_here)

    def state_names(self) -> list[str]:
        """The names of the stored tables, parts and small files of `.voicemill`, but of no answers and outputs."""
        elsewhere = (f"{_LOG_PIECES}/", f"{_WORKERS}/", LEASE)
        notes = [name for name in self.names(_NOTES) if not name.startswith(elsewhere)]
        return [*notes, *_PUBLISHED.intersection(self._stored)]

    def _list_log_again(self) -> None:
        """List the pieces of the log again. A file that was listed before has its line in these."""
        self._stored |= self.objects.list(_LOG_PIECES)

    def _merge_log(self, here: Sequence[str]) -> None:
        """Add the lines `here` and those of the stored pieces to the local log of written files."""
        pieces = [_split(content.decode()) for content in self.objects.read_all(self.names(_LOG_PIECES)).values()]
        known = {*_lines(self.folder.written)}
        missing = [line for line in dict.fromkeys([*here, *chain.from_iterable(pieces)]) if line not in known]
        if missing:
            durable.append_lines(self.folder.written, missing)

    def _keep_higher_spending(self, here: dict[str, Any] | None) -> None:
        """Of the ledgers here and in the store, the one with more calls is right: a call counts before it is made."""
        stored = read_json(self.folder.spent) or {}
        if here is not None and here.get("calls", 0) > stored.get("calls", 0):
            ledger = Ledger(self.folder.spent)
            ledger.write(float(here.get("credits", 0.0)), int(here["calls"]))
            ledger.close()


def _lines(path: Path) -> list[str]:
    return _split(path.read_bytes().decode()) if path.is_file() else []


def _split(text: str) -> list[str]:
    """The lines of a text; unlike `splitlines`, this splits at no other character than a line feed."""
    return text.removesuffix("\n").split("\n") if text else []


def scratch_of(address: str) -> Path:
    """The local folder for results at an address: below VOICEMILL_SCRATCH, or in the cache folder of the user."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    root = Path(os.environ.get(SCRATCH_VARIABLE) or Path(cache) / "voicemill" / "results")
    digest = hashlib.sha256(address.encode()).hexdigest()[:12]
    return root.absolute() / f"{address.rpartition('/')[2]}-{digest}"


@contextmanager
def attached(address: str) -> Iterator[AttachedBucket]:
    """Lock the results at an address, and bring their state into the local folder.

    Raises `ResultsLockedError`, `StorageError`, and `ConfigError` for an address that cannot hold results.
    """
    address = checked_address(address)
    folder, objects = ResultsFolder(scratch_of(address)), ObjectFolder(address)
    with leased(objects) as lease:
        folder.create()
        write_json(folder.bucket, {"address": address})
        bucket = AttachedBucket(folder, objects, lease)
        bucket.pull()
        lease.after_renewal = bucket.store_progress
        with registered(bucket):
            yield bucket


@contextmanager
def registered(bucket: AttachedBucket) -> Iterator[None]:
    """Use the objects of a bucket for its folder, in this process and while the block runs."""
    _attached[bucket.folder.path] = bucket
    try:
        yield
    finally:
        del _attached[bucket.folder.path]


@contextmanager
def opened_results(results: str | PathLike[str]) -> Iterator[ResultsFolder]:
    """The folder in which a run works: the one that was given, or the local one of an address in an object store.

    Raises as `attached` does.
    """
    address = object_address(results)
    if not address:
        yield ResultsFolder(Path(results))
        return
    with attached(address) as bucket:
        yield bucket.folder


def attached_bucket(folder: ResultsFolder) -> AttachedBucket | None:
    """The object store of a results folder, None if there is none.

    Raises `ConfigError` if the folder is a local copy and this process does not hold the lease on its results.
    """
    bucket = _attached.get(folder.path)
    local_copy = None if bucket is not None else read_json(folder.bucket)
    if local_copy is not None:
        raise ConfigError(f"{folder.path} is the local copy of {local_copy.get('address')}; give that address instead")
    return bucket


def stored_state(address: str) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """The state of the results at an address, the progress of its run, and `run.json`. Disturbs no run.

    The state is `running`, `ended` or `interrupted`. Raises `ConfigError` if there are no results, and `StorageError`.
    """
    objects = ObjectFolder(checked_address(address))
    names = objects.list()
    if _PLAN not in names:
        raise ConfigError(f"{address} holds no results; give the address that a run was started with (-o)")
    is_running = LEASE in names and is_held(objects)
    progress, run_file = (objects.read_json(name) for name in (_PROGRESS, "run.json"))
    if is_running:
        return "running", progress, run_file
    has_ended = run_file and not any(name.startswith(f"{_PARTS}/") for name in names)
    return "ended" if has_ended else "interrupted", progress, run_file


def checked_address(address: str) -> str:
    """An address that can hold results, without a slash at the end. Raises `ConfigError`."""
    bucket, _, prefix = address.removeprefix("s3://").strip("/").partition("/")
    if not address.startswith("s3://") or not bucket or not prefix:
        raise ConfigError(f"{address!r} cannot hold results; give a folder, or an address such as s3://bucket/prefix")
    return f"s3://{bucket}/{prefix}"


def check_supported(bucket: AttachedBucket, answers: str, runner: str) -> None:
    """Raise `ConfigError` if a run needs what results in an object store do not support."""
    if answers:
        raise ConfigError(f"the answers of {bucket.address} are stored there; leave out --answers")
    if runner.startswith(("pool:", "ray:")):
        raise ConfigError(
            f"the runner {runner} cannot write results to {bucket.address}; use process:N or dask://host:port, or a "
            "folder that all workers share"
        )
