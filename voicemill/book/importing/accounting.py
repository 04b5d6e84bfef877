"""Account for every character of a book: each is kept in a chapter, or excluded under a named rule."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from voicemill.book.importing.source import Source
from voicemill.book.importing.walker import Walked
from voicemill.errors import BookError

if TYPE_CHECKING:
    from voicemill.book.importing.import_book import ImportedBook


def check_kept(book: "ImportedBook", source: Source, walked: Sequence[Walked]) -> None:
    """Raise `BookError` unless the chapters and the exclusions hold exactly the characters of the source."""
    kept = (block.text for chapter in book.chapters for block in chapter.kept if not block.is_added)
    excluded = (block.text for block in book.excluded if not block.is_added)
    check_sum(source_counts(source, walked), kept, excluded)


def source_counts(source: Source, walked: Sequence[Walked]) -> Counter[str]:
    """How often each character other than white space is in the source."""
    counts = counts_of("".join(document.root.itertext()) for document in source.documents)
    counts.update(counts_of(text for text, *_ in source.ignored))
    counts.update(counts_of(letter for one in walked for letter in one.letters))
    return counts


def counts_of(texts: Iterable[str]) -> Counter[str]:
    """How often each character other than white space is in the texts."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update("".join(text.split()))
    return counts


def check_sum(source: Counter[str], kept: Iterable[str], excluded: Iterable[str]) -> None:
    """Raise `BookError` unless the kept and the excluded texts hold exactly the characters of the source."""
    found = counts_of(kept) + counts_of(excluded)
    lost, extra = source - found, found - source
    if lost or extra:
        raise BookError(
            f"{lost.total():,} characters of the source are not accounted for, and {extra.total():,} are counted twice "
            f"({_sample(lost or extra)}); the import was stopped. Please report this book"
        )


def _sample(counts: Counter[str]) -> str:
    return ", ".join(f"{character!r} {count}x" for character, count in counts.most_common(5))
