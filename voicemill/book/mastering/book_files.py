"""The audio files of each kind of delivery: their names, tags, chapter marks and limits."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from voicemill.book.mastering.book_details import BookDetails
from voicemill.book.mastering.delivery import AudioFile
from voicemill.book.mastering.media_file import M4A, M4B, MP3
from voicemill.book.mastering.shops import LONGEST_APPLE_TRACK_S, SHOPS
from voicemill.book.mastering.tracks import MasteredChapter, Track, sample_of, tracks_of
from voicemill.errors import ConfigError

_LONGEST_NAME_BYTES: Final = 150
_APPLE: Final = replace(M4A, bit_rate_bps=256_000)


@dataclass(frozen=True, slots=True)
class Book:
    """A book to deliver: its details and its chapters; `sample_id` is the row of the retail sample."""

    details: BookDetails
    chapters: tuple[MasteredChapter, ...]
    sample_id: str | None = None

    @property
    def sampled(self) -> MasteredChapter:
        """The chapter of the retail sample: by default the first one that is neither front matter nor credits."""
        wanted = [one for one in self.chapters if one.chapter.id == self.sample_id]
        first = [one for one in self.chapters if one.chapter.kind == "chapter"]
        if self.sample_id is not None and not wanted:
            raise ConfigError(f"unknown row {self.sample_id!r}; give the id of a row with --sample")
        return (wanted or first or list(self.chapters))[0]

    def language(self) -> str:
        """The language of the book: that of its details, or of its first row."""
        return self.details.language or self.chapters[0].chapter.language


def audio_files(book: Book, delivery: str) -> Iterator[AudioFile]:
    """The audio files of one kind of delivery, in order."""
    yield from _FILES[delivery](book)


def _acx(book: Book) -> Iterator[AudioFile]:
    limits = SHOPS["acx"].limits
    for file in _track_files(book):
        yield replace(file, name=f"acx/{file.name}", limits=limits)
    sampled = book.sampled
    tags = {**_tags(book.details), "title": "Retail sample"}
    limits = SHOPS["acx"].sample_limits
    sources = (sampled.chapter.sha256,)
    yield AudioFile("acx/retail sample.mp3", MP3, (sample_of(sampled),), sources, limits, tags, (), book.details.cover)


def _google(book: Book) -> Iterator[AudioFile]:
    files = [*_track_files(book)]
    for number, file in enumerate(files, 1):
        name = f"google/{google_id(book.details)}_{number}of{len(files)}.mp3"
        yield replace(file, name=name, limits=SHOPS["google"].limits)


def google_id(details: BookDetails) -> str:
    """The identifier in file names for Google Play. Raises `ConfigError` if the book has none."""
    if not re.fullmatch(r"[0-9A-Za-z_.-]+", details.isbn_digits):
        raise ConfigError("Google Play names files by ISBN; give --isbn, or set isbn in book.toml")
    return details.isbn_digits


def _mp3(book: Book) -> Iterator[AudioFile]:
    limits = SHOPS["mp3"].limits
    for file in _track_files(book):
        yield replace(file, name=f"mp3/{file.name}", limits=limits)
    whole = _whole(book, f"mp3/{file_name(book.details.title)}.mp3")
    yield replace(whole, codec=MP3, limits=limits, tags=_tags(book.details))


def _m4b(book: Book) -> Iterator[AudioFile]:
    yield _whole(book, f"m4b/{file_name(book.details.title)}.m4b")


def _apple(book: Book) -> Iterator[AudioFile]:
    groups = [*_groups(book.chapters, LONGEST_APPLE_TRACK_S)]
    for number, group in enumerate(groups, 1):
        whole = _whole(
            replace(book, chapters=group), f"apple/{file_name(book.details.title)} {number}of{len(groups)}.m4a"
        )
        tags = {**whole.tags, "track": f"{number}/{len(groups)}"}
        yield replace(whole, codec=_APPLE, limits=SHOPS["apple"].limits, tags=tags)


def _groups(chapters: Sequence[MasteredChapter], longest_s: float) -> Iterator[tuple[MasteredChapter, ...]]:
    """Whole chapters in files of at most `longest_s`."""
    group: list[MasteredChapter] = []
    for chapter in chapters:
        if group and sum(one.whole.duration_s for one in (*group, chapter)) > longest_s:
            yield tuple(group)
            group = []
        group.append(chapter)
    yield tuple(group)


def _whole(book: Book, name: str) -> AudioFile:
    return AudioFile(
        name=name,
        codec=M4B,
        passages=tuple(one.whole for one in book.chapters),
        sources=tuple(one.chapter.sha256 for one in book.chapters),
        limits=SHOPS["m4b"].limits,
        tags={**_tags(book.details), "media_type": "2"},
        titles=tuple(one.chapter.title for one in book.chapters),
        cover=book.details.cover,
    )


def _track_files(book: Book) -> Iterator[AudioFile]:
    """One MP3 for each track; the same bytes in every kind of delivery."""
    tracks = tracks_of(book.chapters)
    for track in tracks:
        tags = {**_tags(book.details), "title": track.title, "track": f"{track.number}/{len(tracks)}"}
        name = f"{track_name(track, len(tracks))}.mp3"
        yield AudioFile(name, MP3, (track.passage,), (track.source,), (), tags, (track.title,), book.details.cover)


def track_name(track: Track, tracks: int) -> str:
    """The file name of a track, without extension, such as `07 The Lamp`."""
    return f"{track.number:0{max(2, len(str(tracks)))}} {file_name(track.title)}"


def _tags(details: BookDetails) -> dict[str, str]:
    return {
        "title": details.title,
        "album": details.title,
        "artist": details.author,
        "album_artist": details.author,
        "composer": details.narrator,
        "publisher": details.publisher,
        "date": details.year,
        "language": details.language,
        "description": details.description,
        "genre": "Audiobook",
    }


def file_name(title: str) -> str:
    """A title as part of a file name that every file system accepts."""
    kept = "".join(one if one.isalnum() or one in " -_.,()'&" else " " for one in unicodedata.normalize("NFC", title))
    words = " ".join(kept.split()).strip(". ")
    return words.encode()[:_LONGEST_NAME_BYTES].decode(errors="ignore").strip() or "untitled"


_FILES: Final = {"acx": _acx, "google": _google, "apple": _apple, "m4b": _m4b, "mp3": _mp3}
"""The deliveries that consist of audio files, by name."""
