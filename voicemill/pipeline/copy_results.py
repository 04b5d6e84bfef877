"""Copy the results of a run to an object store: only changed files, and the tables last."""

from collections.abc import Iterator

from voicemill.errors import ConfigError
from voicemill.model import Status
from voicemill.store.object_store import SCHEMES, is_object, upload
from voicemill.store.results_folder import ResultsFolder, read_json, write_json
from voicemill.store.tables.items_table import read_items

_AT_ONCE = 50


def copy_results(results: ResultsFolder, target: str) -> tuple[int, int]:
    """Copy the finished files and the published tables below `target`. Returns the files copied, and the total.

    Files that this folder copied there before are skipped. The tables are copied last, so that a reader of the tables
    finds every file that they name. Raises `ConfigError` and `StorageError`; completed copies are recorded.
    """
    if not is_object(target):
        raise ConfigError(f"{target!r} is not an object store; give a URL such as {SCHEMES[0]}://bucket/prefix")
    if not results.items.is_file():
        raise ConfigError(f"{results.path} holds no finished run; run the manifest first")
    notes = read_json(results.copied) or {}
    there: dict[str, str] = notes.get(target, {})
    wanted = dict(_wanted(results))
    missing = [name for name, digest in wanted.items() if there.get(name) != digest]
    for start in range(0, len(missing), _AT_ONCE):
        names = missing[start : start + _AT_ONCE]
        upload({name: results.path / name for name in names}, target)
        there |= {name: wanted[name] for name in names}
        write_json(results.copied, notes | {target: there})
    return len(missing), len(wanted)


def _wanted(results: ResultsFolder) -> Iterator[tuple[str, str]]:
    for item in read_items([results.items], ["status", "file_name", "sha256", "more_files"]):
        if item["status"] == Status.DONE:
            yield item["file_name"], item["sha256"]
            yield from ((made["file_name"], made["sha256"]) for made in item["more_files"])
    sums = results.published_sums()
    yield from sorted(sums.items(), key=lambda named: (named[0] == results.items.name, named[0]))
