"""What a results folder must keep to at every moment, whatever cut its run short."""

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa

from voicemill.audio.probe import NotWav, probe_wav
from voicemill.errors import StorageError
from voicemill.store.answers import AnswerStore
from voicemill.store.ledger import Ledger
from voicemill.store.results import ResultsFolder, read_json
from voicemill.store.tables.items import read_items


def broken_promises(results: Path, acknowledged: Iterable[str]) -> list[str]:
    """What is lost or torn: acknowledged answers, files of rows that a table says are done, and final names."""
    return [*_answers(results / "answers", acknowledged), *_tables(ResultsFolder(results)), *_final_names(results)]


def _answers(folder: Path, acknowledged: Iterable[str]) -> Iterator[str]:
    wanted = list(acknowledged)
    if not folder.exists():
        yield from (f"the answer {key} went with its folder" for key in wanted)
        return
    store = AnswerStore(folder)
    store.open()
    for key in wanted:
        if store.receipt(key) is None:
            yield f"the answer {key} is lost or torn"
    yield from (f"{path} was left behind" for path in folder.rglob("*.partial"))


def _tables(results: ResultsFolder) -> Iterator[str]:
    notes = results.written.read_text().splitlines() if results.written.exists() else []
    for table in results.earlier_tables():
        try:
            rows = list(read_items([table]))
        except (pa.ArrowException, OSError) as error:
            yield f"{table} is torn: {error}"
            continue
        is_part = table != results.items
        for row in (row for row in rows if row["status"] == "done"):
            file = results.path / row["file_name"]
            if is_part and (not file.is_file() or hashlib.sha256(file.read_bytes()).hexdigest() != row["sha256"]):
                yield f"{row['id']} is done in {table.name}, and its file is another or none"
            if f"{row['sha256']}  {row['file_name']}" not in notes:
                yield f"{row['id']} is done, and its file is not known as ours"


def _final_names(results: Path) -> Iterator[str]:
    for path in results.rglob("*"):
        if path.suffix == ".wav":
            try:
                probe_wav(path.read_bytes())
            except NotWav:
                yield f"{path} is torn"
        elif path.name == "spent.json":
            ledger = Ledger(path)
            ledger.read()
            ledger.close()
        elif path.suffix == ".json" and read_json(path) is None:
            yield f"{path} is torn"
        elif path.suffix == ".answer":
            try:
                AnswerStore(results / "answers").read(path.stem)
            except StorageError:
                yield f"{path} is torn"
