"""File names of ids: safe for every id, and different even on disks that ignore case or Unicode form."""

import hashlib
import os
import random
import re
import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicemill.manifest.file_names import file_stem, folded, path_problem

HOSTILE = [
    "../../etc/passwd",
    "/etc/shadow",
    "C:\\windows",
    "\\\\host\\share",
    "CON",
    "con",
    "nul.txt",
    "com1",
    "LPT9.x",
    "conin$",
    "COM¹",
    ".",
    "..",
    ".hidden",
    "-rf",
    "a\0b",
    "a\nb",
    "a/b",
    "a\u202egpj",
    "\ud800",
    "…",
    " ",
    "",
    "%2e%2e%2f",
    "~root",
    "$(id)",
    "`id`",
    "a" * 10_000,
    "é" * 10_000,
    "👩‍🚀",
]
texts = st.text(st.characters(codec=None), max_size=60) | st.sampled_from(HOSTILE)
SAFE = re.compile(r"[a-z0-9_][a-z0-9._-]*")


def is_safe(name: str) -> bool:
    """Whether a name is one plain component on every disk."""
    return bool(SAFE.fullmatch(name)) and len(name) <= 100 and path_problem(f"{name}.wav") is None


@pytest.mark.parametrize("plain", ["a", "007", "chapter-01", "part_2.take-3", "_x", "a.wav", "x" * 100, "1e5"])
def test_a_plain_id_is_its_own_name(plain: str) -> None:
    """A safe id is used unchanged."""
    assert file_stem(plain) == plain


@pytest.mark.parametrize("hostile", [*HOSTILE, "A", "Chapter 1", "x" * 101])
def test_any_other_id_becomes_a_slug_and_a_digest(hostile: str) -> None:
    """The name is short, plain ASCII, and ends in 16 digits of the id's SHA-256."""
    stem = file_stem(hostile)
    assert is_safe(stem)
    assert stem.endswith("-" + hashlib.sha256(hostile.encode("utf-8", "surrogatepass")).hexdigest()[:16])
    assert len(stem) <= 57


def test_the_slug_can_be_recognized() -> None:
    """The file name of `Große Erwartungen: Kapitel 3` is readable."""
    assert file_stem("Große Erwartungen: Kapitel 3").startswith("groe-erwartungen-kapitel-3-")
    assert file_stem("日本語").startswith("row-")


def test_an_id_that_looks_like_a_generated_name_gets_another() -> None:
    """No id can be chosen so that it gets the name of another id."""
    made = file_stem("Chapter 1")
    assert file_stem(made) != made
    assert is_safe(file_stem(made))


@given(st.lists(texts, unique=True, max_size=30))
def test_no_two_ids_share_a_name(ids: list[str]) -> None:
    """Different ids have different names, also when upper and lower case or Unicode forms are not told apart."""
    variants = {variant for text in ids for variant in (text, text.upper(), text.casefold(), file_stem(text))}
    names = {folded(file_stem(variant)) for variant in variants}
    assert len(names) == len(variants)


@given(texts)
def test_no_id_leads_out_of_the_folder(row_id: str) -> None:
    """The file of any id is directly in the folder."""
    stem = file_stem(row_id)
    assert is_safe(stem)
    assert Path(os.path.normpath(f"/results/audio/{stem}.wav")).parent == Path("/results/audio")


def test_two_hundred_thousand_similar_ids_do_not_collide() -> None:
    """Ids that differ in case, form, blanks and punctuation only."""
    alphabet = random.Random(7).choices(string.ascii_letters + string.digits + "äÄß- ._/", k=2_000_000)
    ids = {"".join(alphabet[start : start + 10]) for start in range(0, 2_000_000, 10)}
    assert len({folded(file_stem(row_id)) for row_id in ids}) == len(ids) > 190_000


@pytest.mark.parametrize(
    "path",
    ["a.wav", "part 1/Chapter 1.wav", "ä/日本.mp3", "a" * 116 + ".wav", "x-y/_z.pcm", "constant.wav", "v1.2 (b).wav"],
)
def test_a_usual_path_is_accepted(path: str) -> None:
    """Spaces, folders and letters of all languages are accepted."""
    assert path_problem(path) is None


@given(texts)
def test_an_accepted_path_stays_inside(path: str) -> None:
    """No accepted path leads out of its folder, is hidden, or cannot be encoded."""
    if path_problem(path) is None:
        assert os.path.normpath(path) == path
        assert not path.startswith(("/", "-", ".", "~/"))
        assert ".." not in path.split("/")
        assert "\0" not in path
        assert len(path.encode()) <= 240


@given(texts)
def test_folding_twice_is_folding_once(path: str) -> None:
    """Paths of the same file have the same folded form."""
    assert folded(folded(path)) == folded(path)


@pytest.mark.parametrize(
    ("one", "other"), [("A.wav", "a.WAV"), ("é", "e\u0301"), ("É", "e\u0301"), ("straße", "STRASSE")]
)
def test_paths_of_the_same_file_fold_alike(one: str, other: str) -> None:
    """Many disks do not distinguish case or Unicode forms."""
    assert folded(one) == folded(other)
