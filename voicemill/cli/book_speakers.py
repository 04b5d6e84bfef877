"""`voicemill book speakers`: suggest who speaks the quotations of a book."""

from typing import Annotated

import typer

from voicemill.cli.book_folder import BookFolder
from voicemill.cli.help_page import Command, command_app, examples

app = command_app()


@app.command(cls=Command, epilog=examples("voicemill book speakers novel", "voicemill book speakers novel --apply 0.9"))
def speakers(
    folder: BookFolder,
    apply: Annotated[
        float | None,
        typer.Option(
            metavar="CONFIDENCE", min=0, max=1, help="Mark the speaker of each quotation with at least this confidence."
        ),
    ] = None,
) -> None:
    """Suggest who speaks the quotations of a book.

    Writes the suggestions and their confidence to suggested-speakers.csv. Only --apply changes texts: it adds speaker
    markup to them, and lines for new speakers to cast.csv.
    """
    from voicemill.book.book_files import add_to_cast, book_texts, write_suggestions
    from voicemill.book.speakers import suggestions, with_speakers
    from voicemill.report.amounts import counted
    from voicemill.store.durable_files import write_file

    found = [(text, suggestions(text.text)) for text in book_texts(folder)]
    rows = [
        (text.id, each.quote, each.speaker, each.confidence, each.why) for text, each_of in found for each in each_of
    ]
    path = write_suggestions(folder, rows)
    typer.echo(f"{counted(len(rows), 'quotation')} with a suggested speaker: see {path}")
    if apply is None:
        return
    chosen = [(text, [each for each in each_of if each.confidence >= apply]) for text, each_of in found]
    new = add_to_cast(folder, (each.speaker for _, each_of in chosen for each in each_of))
    for text, each_of in chosen:
        if each_of:
            write_file(text.path, with_speakers(text.text, each_of).encode())
    marked = counted(sum(len(each_of) for _, each_of in chosen), "quotation")
    added = f"; new in cast.csv: {', '.join(new)}" if new else ""
    typer.echo(f"{marked} marked{added}")
