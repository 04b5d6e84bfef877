"""`voicemill book import`: turn a book into a folder with a manifest."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voicemill.cli.help_page import Command, command_app, examples

if TYPE_CHECKING:
    from voicemill.book.importing.import_book import ImportedBook

app = command_app()


@app.command(
    cls=Command,
    epilog=examples(
        "voicemill book import novel.epub -o novel",
        "voicemill book import novel.epub --list",
        "voicemill book import novel.epub -o novel --chapters 3-7",
    ),
)
def import_(
    book: Annotated[
        Path, typer.Argument(metavar="FILE", help="An EPUB, DOCX, Markdown, HTML or TXT file.", show_default=False)
    ],
    folder: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FOLDER", help="The book folder. [default: the name of the file]"),
    ] = None,
    chapters: Annotated[
        str,
        typer.Option(metavar="NUMBERS", help="Import only these chapters, such as 3-7,9; --list shows the numbers."),
    ] = "",
    depth: Annotated[
        int,
        typer.Option(
            metavar="LEVEL",
            min=0,
            max=9,
            help="Level of the table of contents whose entries become chapters. [default: detected]",
            show_default=False,
        ),
    ] = 0,
    list_only: Annotated[bool, typer.Option("--list", help="List the chapters and write nothing.")] = False,
    plan: Annotated[
        str, typer.Option(metavar="PLAN", help="Cartesia plan for the cost: pro, startup or scale.")
    ] = "pro",
    force: Annotated[
        bool, typer.Option("--force", help="Replace the files of an earlier import, edited or not.")
    ] = False,
) -> None:
    """Import a book into a folder with a manifest that can be edited.

    Nothing is generated or billed. Every character of the book is in a text file of the folder, or in excluded.csv with
    the rule that left it out.
    """
    from voicemill.book.importing.import_book import import_book
    from voicemill.report.book_page import print_chapters

    imported, target = import_book(book, chapters, depth), folder or Path(book.stem)
    if not list_only:
        _write(imported, book, target, force=force)
    print_chapters(imported, plan)
    if not list_only:
        typer.echo(f"Excluded text, with reasons: {target / 'excluded.csv'}")
        typer.echo(f"Wrote {target}. Next: voicemill plan {target}")


def _write(imported: "ImportedBook", book: Path, folder: Path, *, force: bool) -> None:
    from voicemill.book.importing.folder import write_book

    write_book(imported, book, folder, force=force)
