"""The answer store: stored answers are found again, and damaged ones count as missing."""

import errno
import json
import random
import threading
from collections.abc import Callable
from dataclasses import asdict, replace
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.store.failing_disk import failing_disk, recorded_disk
from tests.store.receipts import key_of, receipt
from voicemill.errors import StorageError
from voicemill.store.answer_store import MAX_CACHED_BYTES, AnswerDamaged, AnswerStore, commit_answers
from voicemill.store.durable_files import PARTIAL_SUFFIX

BODY = b"RIFF and so on\n\x00\xff" * 40


@pytest.fixture
def store(tmp_path: Path) -> AnswerStore:
    """An empty store."""
    answers = AnswerStore(tmp_path / "answers")
    answers.open()
    return answers


def put(store: AnswerStore, name: object, body: bytes = BODY) -> Path:
    """Store and commit an answer and return its path."""
    store.keep(receipt(name), body).commit()
    return store.folder / key_of(name)[:1] / f"{key_of(name)}.answer"


def is_absent(store: AnswerStore, name: object) -> bool:
    """Whether no method returns anything of an answer."""
    with pytest.raises(AnswerDamaged):
        store.read(key_of(name))
    return store.receipt(key_of(name)) is None


def files_in(store: AnswerStore) -> list[str]:
    """The names of all files."""
    return sorted(path.name for path in store.folder.rglob("*") if path.is_file())


def test_answer_is_returned_unchanged(store: AnswerStore) -> None:
    """Body and receipt are the same in this run and in the next one."""
    put(store, "a")
    for reader in (store, AnswerStore(store.folder)):
        assert reader.has(key_of("a"))
        assert reader.read(key_of("a")) == (receipt("a"), BODY)
        assert reader.receipt(key_of("a")) == receipt("a")


def test_committed_answers_are_durable(store: AnswerStore) -> None:
    """`commit_answers` syncs and renames each answer, and then syncs each folder."""
    kept = [store.keep(receipt(name), BODY) for name in "abc"]
    assert len({answer.path.parent for answer in kept}) == 3
    with recorded_disk() as done:
        commit_answers(kept)
    assert done == ["fsync file", "rename"] * 3 + ["fsync folder"] * 3


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=2000))
def test_any_body_is_returned_unchanged(store: AnswerStore, body: bytes) -> None:
    """Line ends, zeros, the store's own first line and an empty body are returned unchanged."""
    put(store, body, body)
    assert store.read(key_of(body))[1] == body


def test_missing_answer(store: AnswerStore) -> None:
    """A missing answer has no body and no receipt, and the error names the remedy."""
    assert not store.has(key_of("a"))
    assert is_absent(store, "a")
    with pytest.raises(AnswerDamaged, match="rerun the command") as caught:
        store.read(key_of("a"))
    assert caught.value.key == key_of("a")


def test_uncommitted_answer_is_not_served(store: AnswerStore) -> None:
    """An answer that is stored but not committed is not returned."""
    kept = store.keep(receipt("a"), BODY)
    assert not store.has(key_of("a"))
    kept.commit()
    assert store.has(key_of("a"))
    assert files_in(store) == [f"{key_of('a')}.answer"]


def test_second_answer_replaces_the_first(store: AnswerStore) -> None:
    """A new answer for the same key replaces the earlier one, for example a damaged one."""
    put(store, "a")
    put(store, "a", b"another body")
    assert store.read(key_of("a"))[1] == b"another body"


def test_damaged_answers_are_never_served(store: AnswerStore) -> None:
    """An answer with a flipped bit, or with bytes removed or added, counts as missing."""
    place = put(store, "a")
    whole, dice = place.read_bytes(), random.Random(17)
    for number in range(1000):
        damaged = bytearray(whole)
        if number % 4 == 0:
            del damaged[dice.randrange(len(whole)) :]
        elif number % 4 == 1:
            damaged += bytes(dice.randrange(256) for _ in range(dice.randrange(1, 9)))
        else:
            damaged[dice.randrange(len(whole))] ^= 1 << dice.randrange(8)
        place.write_bytes(damaged)
        assert is_absent(store, "a")
    place.write_bytes(whole)
    assert store.read(key_of("a"))[1] == BODY


@pytest.mark.parametrize("name", ["book.answer", "Copy of one.answer", "\udcff.answer"])
def test_foreign_file_in_the_store_is_ignored(store: AnswerStore, name: str) -> None:
    """A file whose name is not a key does not prevent opening the store or finding answers."""
    put(store, "a")
    (store.folder / "a" / name).write_bytes(b"mine")
    again = AnswerStore(store.folder)
    assert again.open() == 0
    assert again.has(key_of("a"))
    assert (store.folder / "a" / name).read_bytes() == b"mine"


def test_answer_under_another_key_is_not_served(store: AnswerStore) -> None:
    """An intact answer that was renamed or copied to another key is not returned."""
    place = put(store, "a")
    other = place.with_name(f"{key_of('a')[:2]}{key_of('b')[2:]}.answer")
    other.write_bytes(place.read_bytes())
    with pytest.raises(AnswerDamaged):
        store.read(other.name.removesuffix(".answer"))


@pytest.mark.parametrize(
    "header",
    [b"", b"null\n", b"[]\n", b"{}\n", b"no json\n", b"no line end", b"\xff\n",
     json.dumps(asdict(receipt("a")) | {"asked_at": "yesterday"}, default=str).encode() + b"\n",
     json.dumps(asdict(receipt("a")) | {"of_the_future": 1}, default=str).encode() + b"\n"],
)  # fmt: skip
def test_invalid_receipt_counts_as_damage(store: AnswerStore, header: bytes) -> None:
    """An answer with a correct digest but an invalid receipt counts as damaged."""
    place = put(store, "a")
    place.write_bytes(b"voicemill-answer/2 " + sha256(BODY + header).hexdigest().encode() + b"\n" + header + BODY)
    assert is_absent(store, "a")


def test_damaged_answer_can_be_discarded(store: AnswerStore) -> None:
    """After a damaged answer is discarded its call is made again; discarding a missing one has no effect."""
    put(store, "a").write_bytes(b"damaged")
    assert store.has(key_of("a"))
    store.discard(key_of("a"))
    store.discard(key_of("a"))
    assert not store.has(key_of("a"))


def test_complete_partial_files_of_a_killed_run_are_adopted(store: AnswerStore) -> None:
    """Opening the store turns complete partial files into answers and returns their number."""
    for name in ("a", "b"):
        store.keep(receipt(name), BODY)
    put(store, "c")
    store.close()
    opened = AnswerStore(store.folder)
    assert opened.open() == 2
    assert [opened.read(key_of(name))[1] for name in ("a", "b", "c")] == [BODY] * 3
    assert opened.open() == 0
    assert not [name for name in files_in(store) if name.endswith(PARTIAL_SUFFIX)]


@pytest.mark.parametrize(
    "tear",
    [lambda whole: whole[:-1], lambda whole: whole[: len(whole) // 2], lambda whole: b"", lambda whole: whole[:30],
     lambda whole: whole[:100] + b"\0" * (len(whole) - 100), lambda whole: whole + b"x"],
    ids=["last byte", "half", "all", "first line", "zeros", "too long"],
)  # fmt: skip
def test_torn_partial_files_of_a_killed_run_are_removed(store: AnswerStore, tear: Callable[[bytes], bytes]) -> None:
    """An incomplete partial file is removed and not served."""
    store.keep(receipt("a"), BODY)
    partial = next(store.folder.rglob(f"*{PARTIAL_SUFFIX}"))
    partial.write_bytes(tear(partial.read_bytes()))
    store.close()
    assert AnswerStore(store.folder).open() == 0
    assert files_in(store) == []


def test_complete_partial_file_replaces_a_damaged_answer(store: AnswerStore) -> None:
    """The answer of a repeated call is adopted in place of the damaged answer."""
    place = put(store, "a")
    place.write_bytes(b"damaged")
    store.keep(receipt("a"), BODY)
    store.close()
    assert AnswerStore(store.folder).open() == 1
    assert store.read(key_of("a"))[1] == BODY


def test_answers_in_progress_of_another_run_stay(store: AnswerStore) -> None:
    """A run that opens a store in use neither commits nor removes partial files, and finds answers added later."""
    in_progress = store.keep(receipt("a"), BODY)
    second = AnswerStore(store.folder)
    assert second.open() == 0
    assert not second.has(key_of("a"))
    in_progress.commit()
    assert second.read(key_of("a")) == (receipt("a"), BODY)


def test_two_runs_answer_the_same_call_at_the_same_time(store: AnswerStore) -> None:
    """Both keep and commit their answer; the store then has one whole answer."""
    second = AnswerStore(store.folder)
    second.open()
    kept = [store.keep(receipt("a"), BODY), second.keep(receipt("a"), BODY)]
    for answer in kept:
        answer.commit()
    assert second.read(key_of("a")) == (receipt("a"), BODY)
    assert files_in(store) == [f"{key_of('a')}.answer"]


def test_foreign_files_in_the_store_are_kept(store: AnswerStore) -> None:
    """Files that voicemill did not write are neither adopted nor removed."""
    (store.folder / "README").write_text("mine")
    (store.folder / "3f").mkdir(exist_ok=True)
    (store.folder / "3f" / "notes.txt.partial").write_text("mine too")
    assert AnswerStore(store.folder).open() == 0
    assert files_in(store) == ["README", "notes.txt.partial"]


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO])
def test_failing_disk_loses_no_acknowledged_answer(store: AnswerStore, error: int) -> None:
    """If a system call fails, earlier answers are intact, and the new one is complete or missing."""
    put(store, "earlier")
    for nth in range(1, 12):
        name = f"answer {nth}"
        with failing_disk(nth, error) as made:
            try:
                put(store, name)
            except StorageError:
                assert len(made) == nth
        opened = AnswerStore(store.folder)
        opened.open()
        assert opened.read(key_of("earlier"))[1] == BODY
        if opened.has(key_of(name)):
            assert opened.read(key_of(name)) == (receipt(name), BODY)
    assert len(made) < 11


def test_folder_in_place_of_an_answer_is_a_storage_error(store: AnswerStore) -> None:
    """A folder in place of an answer raises a `StorageError` on reading, removing and adopting."""
    place = put(store, "a")
    place.unlink()
    place.mkdir()
    with pytest.raises(StorageError):
        store.read(key_of("a"))
    with pytest.raises(StorageError):
        store.discard(key_of("a"))
    place.with_name(place.name + PARTIAL_SUFFIX).mkdir()
    store.close()
    with pytest.raises(StorageError):
        AnswerStore(store.folder).open()


def test_concurrent_threads_store_answers(store: AnswerStore) -> None:
    """Sixteen threads store answers in few folders, and every answer is complete."""
    names = [f"{thread}/{number}" for thread in range(16) for number in range(20)]

    def work(thread: int) -> None:
        for number in range(20):
            put(store, f"{thread}/{number}", f"{thread}/{number}".encode() * 500)

    threads = [threading.Thread(target=work, args=(thread,)) for thread in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(store.read(key_of(name))[1] == name.encode() * 500 for name in names)
    assert len(files_in(store)) == len(names)


def test_answers_are_private(store: AnswerStore) -> None:
    """Only the owner can read files and folders."""
    place = put(store, "a")
    assert place.stat().st_mode & 0o077 == 0
    assert place.parent.stat().st_mode & 0o077 == 0
    assert store.folder.stat().st_mode & 0o077 == 0


def test_each_answer_has_its_own_receipt(store: AnswerStore) -> None:
    """Receipts are exact to the microsecond and may lack a request id."""
    plain = replace(receipt("a"), request_id=None, credits=0.0)
    store.keep(plain, BODY).commit()
    put(store, "b")
    assert store.receipt(key_of("a")) == plain
    assert store.receipt(key_of("b")) == receipt("b")


def test_only_small_answers_stay_in_memory(store: AnswerStore) -> None:
    """A stored answer keeps its body in memory up to one mebibyte, and always its digest."""
    for size in (MAX_CACHED_BYTES, MAX_CACHED_BYTES + 1):
        body = b"x" * size
        kept = store.keep(receipt(size), body)
        assert kept.body == (body if size == MAX_CACHED_BYTES else None)
        assert kept.sha256 == sha256(body).hexdigest()
        kept.commit()
        assert store.read(key_of(size))[1] == body
