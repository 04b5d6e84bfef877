"""The invariants of a results folder, which hold at every moment and after every interruption."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

import pyarrow as pa

from voicemill.audio.wav_header import NotWav, probe_wav
from voicemill.errors import StorageError
from voicemill.store.answer_store import AnswerStore
from voicemill.store.results_folder import ResultsFolder, read_json
from voicemill.store.spend_ledger import Ledger
from voicemill.store.tables.items_table import read_items

_T = TypeVar("_T")
_CACHE: dict[tuple[object, ...], object] = {}


def _cached(check: Callable[[Path], _T], path: Path) -> _T:
    """The result of a check, cached by the file's name and content: thousands of states share most files."""
    cache_key = (check, path.name, _sha256(path))
    if cache_key not in _CACHE:
        _CACHE[cache_key] = check(path)
    return _CACHE[cache_key]  # type: ignore[return-value]


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def invariant_violations(results: Path, acknowledged: Iterable[str]) -> list[str]:
    """Lost or torn files: acknowledged answers, the files of done rows, and files under final names."""
    folder = ResultsFolder(results)
    return [*_answers(results / "answers", acknowledged), *_tables(folder), *_files(folder), *_final_names(results)]


def _answers(folder: Path, acknowledged: Iterable[str]) -> Iterator[str]:
    expected = list(acknowledged)
    if not folder.exists():
        yield from (f"the answer {key} is lost with its folder" for key in expected)
        return
    store = AnswerStore(folder)
    store.open()
    yield from (f"the answer {key} is lost" for key in expected if not store.has(key))
    yield from (f"{path} was left behind" for path in folder.rglob("*.partial"))


def _tables(results: ResultsFolder) -> Iterator[str]:
    for table in results.earlier_tables():
        done = _cached(_done_rows, table)
        if isinstance(done, str):
            yield f"{table} is torn: {done}"
            continue
        is_part = table != results.items
        for row, file_name, sha256 in done:
            file = results.path / file_name
            if is_part and (not file.is_file() or _sha256(file) != sha256):
                yield f"{row} is done in {table.name}, but its file is missing or differs"


def _files(results: ResultsFolder) -> Iterator[str]:
    """A file that is not recorded as written by voicemill: the next run would refuse to overwrite it."""
    recorded = set(results.written.read_text().splitlines()) if results.written.exists() else set()
    for path in (results.path / "audio").rglob("*"):
        if path.is_file() and not path.name.endswith(".partial"):
            name = path.relative_to(results.path).as_posix()
            if f"{_sha256(path)}  {name}" not in recorded:
                yield f"{name} exists but is not recorded as written by voicemill"


def _done_rows(table: Path) -> list[tuple[str, str, str]] | str:
    try:
        rows = list(read_items([table], ["id", "status", "file_name", "sha256"]))
    except (StorageError, pa.ArrowException, OSError) as error:
        return str(error)
    return [(row["id"], row["file_name"], row["sha256"]) for row in rows if row["status"] == "done"]


def _final_names(results: Path) -> Iterator[str]:
    for path in results.rglob("*"):
        if path.name == "spent.json":
            ledger = Ledger(path)
            ledger.read()
            ledger.close()
        elif path.suffix in _COMPLETE and not _cached(_COMPLETE[path.suffix], path):
            yield f"{path} is torn"


def _is_complete_wav(path: Path) -> bool:
    try:
        probe_wav(path.read_bytes())
    except NotWav:
        return False
    return True


def _is_complete_answer(path: Path) -> bool:
    try:
        AnswerStore(path.parents[1]).read(path.stem)
    except StorageError:
        return False
    return True


def _is_complete_json(path: Path) -> bool:
    return read_json(path) is not None


_COMPLETE = {".wav": _is_complete_wav, ".answer": _is_complete_answer, ".json": _is_complete_json}
