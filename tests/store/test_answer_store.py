"""The answer store: what was paid for is found again, and what is damaged is as if it were not there."""

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
from voicemill.store.answer_store import HANDED_ON_BYTES, AnswerDamaged, AnswerStore, commit_answers
from voicemill.store.durable_files import PARTIAL_SUFFIX

BODY = b"RIFF and so on\n\x00\xff" * 40


@pytest.fixture
def store(tmp_path: Path) -> AnswerStore:
    """An empty store."""
    answers = AnswerStore(tmp_path / "answers")
    answers.open()
    return answers


def put(store: AnswerStore, name: object, body: bytes = BODY) -> Path:
    """Keep and commit an answer; where it lies."""
    store.keep(receipt(name), body).commit()
    return store.folder / key_of(name)[:1] / f"{key_of(name)}.answer"


def is_absent(store: AnswerStore, name: object) -> bool:
    """Whether nothing of an answer is served, by any way of asking."""
    with pytest.raises(AnswerDamaged):
        store.read(key_of(name))
    return store.receipt(key_of(name)) is None


def files_in(store: AnswerStore) -> list[str]:
    """The names of all files."""
    return sorted(path.name for path in store.folder.rglob("*") if path.is_file())


def test_an_answer_comes_back_as_it_was(store: AnswerStore) -> None:
    """Body and receipt are the same, in this run and the next."""
    put(store, "a")
    for reader in (store, AnswerStore(store.folder)):
        assert reader.has(key_of("a"))
        assert reader.read(key_of("a")) == (receipt("a"), BODY)
        assert reader.receipt(key_of("a")) == receipt("a")


def test_what_was_never_kept_is_not_looked_for(store: AnswerStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new question does not touch the disk; what this run or an earlier one kept is found, committed or not."""
    put(store, "a")
    again = AnswerStore(store.folder)
    again.open()
    again.keep(receipt("b"), BODY).commit()
    assert again.has(key_of("a"))
    assert again.has(key_of("b"))
    monkeypatch.setattr(Path, "is_file", lambda path: pytest.fail(f"{path} was looked for"))
    assert not any(again.has(key_of(number)) for number in range(100))


def test_answers_are_durable_once_they_are_committed(store: AnswerStore) -> None:
    """Before `commit_answers` is done, each has been synced and renamed, and after that the folder of each."""
    kept = [store.keep(receipt(name), BODY) for name in "abc"]
    assert len({answer.path.parent for answer in kept}) == 3
    with recorded_disk() as done:
        commit_answers(kept)
    assert done == ["fsync file", "rename"] * 3 + ["fsync folder"] * 3


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=2000))
def test_any_body_comes_back(store: AnswerStore, body: bytes) -> None:
    """Line ends, zeros, our own first line, nothing at all."""
    put(store, body, body)
    assert store.read(key_of(body))[1] == body


def test_what_was_never_kept_is_absent(store: AnswerStore) -> None:
    """No answer, no receipt, and an error that names the remedy."""
    assert not store.has(key_of("a"))
    assert is_absent(store, "a")
    with pytest.raises(AnswerDamaged, match="run the same command again") as caught:
        store.read(key_of("a"))
    assert caught.value.key == key_of("a")


def test_an_answer_counts_only_once_it_is_committed(store: AnswerStore) -> None:
    """Kept is not yet there."""
    kept = store.keep(receipt("a"), BODY)
    assert not store.has(key_of("a"))
    kept.commit()
    assert store.has(key_of("a"))
    assert files_in(store) == [f"{key_of('a')}.answer"]


def test_a_second_answer_replaces_the_first(store: AnswerStore) -> None:
    """As when a damaged one was asked for again."""
    put(store, "a")
    put(store, "a", b"another body")
    assert store.read(key_of("a"))[1] == b"another body"


def test_a_thousand_flips_and_cuts_are_never_served(store: AnswerStore) -> None:
    """One bit changed anywhere, or any number of bytes cut off or added: the answer counts as absent."""
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
def test_a_stranger_s_file_in_the_store_is_left_alone(store: AnswerStore, name: str) -> None:
    """A file whose name is no key does not keep the store from opening, nor what is kept from being found."""
    put(store, "a")
    (store.folder / "a" / name).write_bytes(b"mine")
    again = AnswerStore(store.folder)
    assert again.open() == 0
    assert again.has(key_of("a"))
    assert (store.folder / "a" / name).read_bytes() == b"mine"


def test_an_answer_under_another_s_name_is_not_served(store: AnswerStore) -> None:
    """A whole file that was renamed or copied answers another question."""
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
def test_a_receipt_that_cannot_be_read_is_none(store: AnswerStore, header: bytes) -> None:
    """A file with a right digest around a strange receipt is damaged, not a traceback."""
    place = put(store, "a")
    place.write_bytes(b"voicemill-answer/2 " + sha256(BODY + header).hexdigest().encode() + b"\n" + header + BODY)
    assert is_absent(store, "a")


def test_a_damaged_answer_can_be_discarded(store: AnswerStore) -> None:
    """Afterwards its call is made again; what is not there need not be discarded."""
    put(store, "a").write_bytes(b"damaged")
    assert store.has(key_of("a"))
    store.discard(key_of("a"))
    store.discard(key_of("a"))
    assert not store.has(key_of("a"))


def test_what_a_killed_run_kept_is_adopted(store: AnswerStore) -> None:
    """Whole partial files become answers when the store is opened, and their number is told."""
    for name in ("a", "b"):
        store.keep(receipt(name), BODY)
    put(store, "c")
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
def test_what_a_killed_run_left_torn_is_removed(store: AnswerStore, tear: Callable[[bytes], bytes]) -> None:
    """A partial file that is not whole is no answer, and does not stay."""
    store.keep(receipt("a"), BODY)
    partial = next(store.folder.rglob(f"*{PARTIAL_SUFFIX}"))
    partial.write_bytes(tear(partial.read_bytes()))
    assert AnswerStore(store.folder).open() == 0
    assert files_in(store) == []


def test_a_whole_partial_replaces_a_damaged_answer(store: AnswerStore) -> None:
    """A call that was made again because its answer was damaged is not lost either."""
    place = put(store, "a")
    place.write_bytes(b"damaged")
    store.keep(receipt("a"), BODY)
    assert AnswerStore(store.folder).open() == 1
    assert store.read(key_of("a"))[1] == BODY


def test_other_files_in_the_folder_are_left_alone(store: AnswerStore) -> None:
    """What is not ours is neither adopted nor removed."""
    (store.folder / "README").write_text("mine")
    (store.folder / "3f").mkdir(exist_ok=True)
    (store.folder / "3f" / "notes.txt.partial").write_text("mine too")
    assert AnswerStore(store.folder).open() == 0
    assert files_in(store) == ["README", "notes.txt.partial"]


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO])
def test_a_failing_disk_loses_nothing_that_was_acknowledged(store: AnswerStore, error: int) -> None:
    """At any system call: a `StorageError`, earlier answers untouched, and this one whole or absent."""
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


def test_a_place_that_is_no_file_is_a_storage_error(store: AnswerStore) -> None:
    """A folder where an answer should be is told as such, for reading, removing and adopting."""
    place = put(store, "a")
    place.unlink()
    place.mkdir()
    with pytest.raises(StorageError):
        store.read(key_of("a"))
    with pytest.raises(StorageError):
        store.discard(key_of("a"))
    place.with_name(place.name + PARTIAL_SUFFIX).mkdir()
    with pytest.raises(StorageError):
        AnswerStore(store.folder).open()


def test_many_threads_may_keep_at_once(store: AnswerStore) -> None:
    """Sixteen threads, into few folders: every answer is whole afterwards."""
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


def test_answers_are_for_the_owner_only(store: AnswerStore) -> None:
    """Files and folders cannot be read by others."""
    place = put(store, "a")
    assert place.stat().st_mode & 0o077 == 0
    assert place.parent.stat().st_mode & 0o077 == 0
    assert store.folder.stat().st_mode & 0o077 == 0


def test_receipts_tell_answers_apart(store: AnswerStore) -> None:
    """Each answer has its own receipt, down to the microsecond and the missing request id."""
    plain = replace(receipt("a"), request_id=None, credits=0.0)
    store.keep(plain, BODY).commit()
    put(store, "b")
    assert store.receipt(key_of("a")) == plain
    assert store.receipt(key_of("b")) == receipt("b")


def test_only_a_small_answer_stays_in_memory(store: AnswerStore) -> None:
    """A kept answer has its body up to a mebibyte, and the digest of its body always."""
    for size in (HANDED_ON_BYTES, HANDED_ON_BYTES + 1):
        body = b"x" * size
        kept = store.keep(receipt(size), body)
        assert kept.body == (body if size == HANDED_ON_BYTES else None)
        assert kept.sha256 == sha256(body).hexdigest()
        kept.commit()
        assert store.read(key_of(size))[1] == body
