"""The archive: every recording as the service made it, lossless, with the tables of the run and a list of checksums."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final

import av
from av.audio.resampler import AudioResampler
from av.container import InputContainer, OutputContainer

from voicemill.audio.decode import opened_container
from voicemill.audio.sink import Sink
from voicemill.book.mastering.book_files import Book, file_name
from voicemill.book.mastering.chapters import Chapter
from voicemill.book.mastering.delivery import DeliveredFile, Delivery, copy_bytes
from voicemill.store.results_folder import ResultsFolder

_VERSION: Final = "archive 1"
_LOSSLESS: Final = frozenset({"pcm_s16le", "pcm_s16be", "pcm_u8", "flac"})
"""Encodings that FLAC with 16 bits holds without a loss; all others are copied as they are."""


def deliver_archive(book: Book, results: ResultsFolder, delivery: Delivery) -> Iterator[DeliveredFile]:
    """The recordings as FLAC, or as they are where FLAC would lose something; then tables and `SHA256SUMS`."""
    count = len(book.chapters)
    files = [_deliver_recording(place, one.chapter, count, delivery) for place, one in enumerate(book.chapters, 1)]
    files += [_deliver_copy(path, f"archive/{path.name}", delivery) for path in results.published if path.is_file()]
    yield from files
    sums = "".join(f"{file.sha256}  {Path(file.name).name}\n" for file in files)
    fingerprint = hashlib.sha256(sums.encode()).hexdigest()
    yield delivery.deliver_written("archive/SHA256SUMS", fingerprint, lambda target: _write(target, sums))


def _write(target: BinaryIO, text: str) -> None:
    target.write(text.encode())


def _deliver_recording(number: int, chapter: Chapter, count: int, delivery: Delivery) -> DeliveredFile:
    name = f"archive/{number:0{max(2, len(str(count)))}} {file_name(chapter.title)}"
    if _encoding(chapter.path) not in _LOSSLESS:
        return _deliver_copy(chapter.path, f"{name}{chapter.path.suffix}", delivery)
    fingerprint = hashlib.sha256(f"{_VERSION} {chapter.sha256}".encode()).hexdigest()
    return delivery.deliver_written(f"{name}.flac", fingerprint, lambda target: _write_flac(chapter.path, target))


def _deliver_copy(path: Path, name: str, delivery: Delivery) -> DeliveredFile:
    with path.open("rb") as file:
        fingerprint = hashlib.file_digest(file, "sha256").hexdigest()

    def write(target: BinaryIO) -> None:
        with path.open("rb") as source:
            copy_bytes(source, target)

    return delivery.deliver_written(name, fingerprint, write)


def _encoding(path: Path) -> str:
    with path.open("rb") as file, opened_container(file) as container:
        return str(container.streams.audio[0].codec_context.name)


def _write_flac(path: Path, target: BinaryIO) -> None:
    sink = Sink(target)
    output = av.open(sink, "w", format="flac", options={"fflags": "+bitexact"})
    try:
        with path.open("rb") as file, opened_container(file) as container:
            _transcode(container, output)
    except BaseException:
        sink.drop()
        output.close()
        raise
    output.close()
    sink.check()


def _transcode(container: InputContainer, output: OutputContainer) -> None:
    source = container.streams.audio[0]
    layout = source.codec_context.layout.name
    stream: Any = output.add_stream("flac", rate=source.codec_context.sample_rate, layout=layout)
    resampler = AudioResampler("s16", layout, source.codec_context.sample_rate)
    for frame in container.decode(source):
        for converted in resampler.resample(frame):
            output.mux(stream.encode(converted))
    output.mux(stream.encode(None))
