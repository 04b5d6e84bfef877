"""What a results folder must keep to at every moment, whatever cut its run short."""

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
_JUDGED: dict[tuple[object, ...], object] = {}


def _once(judge: Callable[[Path], _T], path: Path) -> _T:
    """What is to be said of a file: that depends on its name and content, and thousands of states share most files."""
    known = (judge, path.name, _sha256(path))
    if known not in _JUDGED:
        _JUDGED[known] = judge(path)
    return _JUDGED[known]  # type: ignore[return-value]


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def broken_promises(results: Path, acknowledged: Iterable[str]) -> list[str]:
    """What is lost or torn: acknowledged answers, files of rows that a table says are done, and final names."""
    folder = ResultsFolder(results)
    return [*_answers(results / "answers", acknowledged), *_tables(folder), *_files(folder), *_final_names(results)]


def _answers(folder: Path, acknowledged: Iterable[str]) -> Iterator[str]:
    wanted = list(acknowledged)
    if not folder.exists():
        yield from (f"the answer {key} went with its folder" for key in wanted)
        return
    store = AnswerStore(folder)
    store.open()
    yield from (f"the answer {key} is lost" for key in wanted if not store.has(key))
    yield from (f"{path} was left behind" for path in folder.rglob("*.partial"))


def _tables(results: ResultsFolder) -> Iterator[str]:
    for table in results.earlier_tables():
        done = _once(_done_rows, table)
        if isinstance(done, str):
            yield f"{table} is torn: {done}"
            continue
        is_part = table != results.items
        for row, file_name, sha256 in done:
            file = results.path / file_name
            if is_part and (not file.is_file() or _sha256(file) != sha256):
                yield f"{row} is done in {table.name}, and its file is another or none"


def _files(results: ResultsFolder) -> Iterator[str]:
    """A file that is there and not known as ours would be a stranger's to the next run."""
    notes = set(results.written.read_text().splitlines()) if results.written.exists() else set()
    for path in (results.path / "audio").rglob("*"):
        if path.is_file() and not path.name.endswith(".partial"):
            name = path.relative_to(results.path).as_posix()
            if f"{_sha256(path)}  {name}" not in notes:
                yield f"{name} is in place and not known as ours"


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
        elif path.suffix in _IS_WHOLE and not _once(_IS_WHOLE[path.suffix], path):
            yield f"{path} is torn"


def _is_whole_wav(path: Path) -> bool:
    try:
        probe_wav(path.read_bytes())
    except NotWav:
        return False
    return True


def _is_whole_answer(path: Path) -> bool:
    try:
        AnswerStore(path.parents[1]).read(path.stem)
    except StorageError:
        return False
    return True


def _is_whole_json(path: Path) -> bool:
    return read_json(path) is not None


_IS_WHOLE = {".wav": _is_whole_wav, ".answer": _is_whole_answer, ".json": _is_whole_json}
