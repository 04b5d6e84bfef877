"""`voicemill book pronunciations`: the names of a book that are likely misread."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voicemill.cli.book_folder import BookFolder
from voicemill.cli.help_page import Command, command_app, examples

if TYPE_CHECKING:
    from voicemill.book.book_files import BookText
    from voicemill.book.unknown_words import UnknownWord

app = command_app()


@app.command(
    cls=Command,
    epilog=examples(
        "voicemill book pronunciations novel",
        "voicemill book pronunciations novel --unknown --samples samples",
        "voicemill book pronunciations novel --unknown --add",
    ),
)
def pronunciations(
    folder: BookFolder,
    unknown: Annotated[
        bool,
        typer.Option(
            "--unknown", help="List names and words that no dictionary has, which voices are likely to misread."
        ),
    ] = False,
    samples: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Write a WAV file of each unknown word, spoken by the embedded engine."),
    ] = None,
    add: Annotated[
        bool,
        typer.Option(
            "--add", help="Add an empty line for each unknown word to pronunciations.csv, for you to fill in."
        ),
    ] = False,
    limit: Annotated[int, typer.Option(metavar="N", min=1, help="List the N most frequent words.")] = 50,
) -> None:
    """List the pronunciations of a book, or the words that need one.

    Nothing is billed: the embedded engine makes the samples.
    """
    from voicemill.book.book_files import add_to_pronunciations, book_texts

    texts = book_texts(folder)
    if not (unknown or samples or add):
        _print_known(folder, texts)
        return
    words = _unknown(folder, texts)[:limit]
    _print_unknown(words)
    if samples is not None:
        _write_samples(words, texts[0].language if texts else "en", samples)
    if add:
        new = add_to_pronunciations(folder, [word.text for word in words])
        typer.echo(f"{len(new)} lines added to {folder / 'pronunciations.csv'}; fill in the column say or ipa")


def _known(folder: Path) -> "list[tuple[str, str]]":
    from voicemill.manifest.speech_files import read_pronunciations

    path = folder / "pronunciations.csv"
    rules = read_pronunciations(path) if path.is_file() else ()
    return [(rule.text, rule.say or f"/{rule.ipa}/") for rule in rules]


def _print_known(folder: Path, texts: "list[BookText]") -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table("text", "said as", "times", box=box.SIMPLE, pad_edge=False)
    for word, said in _known(folder):
        count = sum(text.text.casefold().count(word.casefold()) for text in texts)
        table.add_row(word, said, str(count))
    Console().print(table, markup=False)


def _unknown(folder: Path, texts: "list[BookText]") -> "list[UnknownWord]":
    from voicemill.book.unknown_words import english_words, unknown_words
    from voicemill.text.speaker_markup import without_speakers

    is_english = all(text.language == "en" for text in texts)
    found = unknown_words((without_speakers(text.text) for text in texts), english_words() if is_english else ())
    known = {word.casefold() for word, _ in _known(folder)}
    return [word for word in found if word.text.casefold() not in known]


def _print_unknown(words: "list[UnknownWord]") -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table("word", "times", "kind", "first seen", box=box.SIMPLE, pad_edge=False)
    for word in words:
        table.add_row(word.text, str(word.occurrences), "name" if word.is_name else "word", f"… {word.example} …")
    Console().print(table, markup=False)


def _write_samples(words: "list[UnknownWord]", language: str, folder: Path) -> None:
    from voicemill.cli.single_calls import retried, voice_named, with_service
    from voicemill.config import load_settings
    from voicemill.model.audio_formats import AudioFormat
    from voicemill.service import Service
    from voicemill.store.durable_files import make_folder, write_file

    settings = load_settings(None, service={"engine": "embedded"})
    make_folder(folder)

    async def spoken(service: Service) -> None:
        voice = await voice_named(service, settings, "", language)
        for word in words:

            async def sample(text: str = f"{word.text}.") -> bytes:
                reply = await service.cartesia.tts.bytes(
                    model_id="sonic-2",
                    transcript=text,
                    voice_id=voice.id,
                    language=language,
                    output_format=AudioFormat("wav", settings.defaults.sample_rate, "pcm_s16le"),
                )
                return reply.body

            write_file(folder / f"{word.text}.wav", await retried(settings, sample))

    with_service(settings, spoken)
    typer.echo(f"{len(words)} samples in {folder}")
