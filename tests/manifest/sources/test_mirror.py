"""Names of outputs that mirror the tree of their sources."""

import random
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicemill.manifest.file_names import folded, path_problem
from voicemill.manifest.sources.mirrored_names import mirrored

_NAMES = st.lists(
    st.lists(st.text(st.sampled_from("aAä./\\ \n-{\udcff"), min_size=1, max_size=6), min_size=1, max_size=3),
    max_size=12,
)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["a.wav", "b/c.mp3"], ["a", "b/c"]),
        (["a.wav", "a.mp3"], ["a.wav", "a.mp3"]),
        (["a.v1.wav", "a.v2.wav"], ["a.v1", "a.v2"]),
        (["a"], ["a"]),
        (["a.srt/b.wav", "a.wav"], ["a.srt/b", "a.wav"]),
        (["part.one/b.wav", "part.wav"], ["part.one/b", "part.wav"]),
    ],
)
def test_names_follow_their_sources(names: list[str], expected: list[str]) -> None:
    """An output is named after its source; the extension stays if another source or a folder would get the name."""
    assert mirrored(names) == expected


def test_sources_that_differ_in_case_get_different_names() -> None:
    """The names differ even on a disk that ignores case."""
    found = mirrored(["Talk.wav", "talk.wav", "TALK.mp3"])
    assert len({folded(name) for name in found}) == 3


@given(_NAMES)
def test_all_names_are_different(parts: list[list[str]]) -> None:
    """Whatever the sources are called, outputs differ, are valid on any disk, and are not folders of other outputs."""
    names = list(dict.fromkeys("/".join(part.replace("/", "") or "x" for part in name) for name in parts))
    names = [name for name in names if not any(other.startswith(name + "/") for other in names)]
    found = [f"{name}.srt" for name in mirrored(names)]
    assert [path_problem(name) for name in found] == [None] * len(found)
    same = {folded(name) for name in found}
    assert len(same) == len(found)
    assert not any(folder.startswith(f"{file}/") for file, folder in product(same, same))


def test_the_order_of_other_files_does_not_matter() -> None:
    """A name does not depend on the order in which the disk lists the files."""
    names = [f"{folder}/{stem}.{ending}" for folder, stem, ending in product("pq", "xyz", ("wav", "mp3", "flac"))]
    shuffled = random.Random(7).sample(names, len(names))
    assert dict(zip(names, mirrored(names), strict=True)) == dict(zip(shuffled, mirrored(shuffled), strict=True))
