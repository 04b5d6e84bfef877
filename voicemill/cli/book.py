"""`voicemill book`: from a book to a manifest, and from the results to a finished audiobook."""

from typing import Final

import typer

from voicemill.cli.help_page import CONTEXT
from voicemill.cli.verbs import LazyGroup, Verb

_FOLDER, _RESULTS = "The book folder", "The results"

BOOK_VERBS: Final[dict[str, Verb]] = {
    "import": Verb(_FOLDER, "Import a book into a folder with a manifest that can be edited."),
    "regenerate": Verb(_RESULTS, "Generate one passage again, as another take or with other words."),
    "pronunciations": Verb(_FOLDER, "List the pronunciations of a book, or the words that need one."),
    "speakers": Verb(_FOLDER, "Suggest who speaks the quotations of a book."),
    "master": Verb(_RESULTS, "Master a finished run into audiobook files for shops and players, without API calls."),
}
"""The commands of the group; the command `name` is the `app` of the module `voicemill.cli.book_<name>`."""


class _BookGroup(LazyGroup):
    """Commands for audiobooks, each imported when it is needed."""

    verbs = BOOK_VERBS
    prefix = "book_"


app = typer.Typer(
    help="Turn a book into a manifest, and the results into an audiobook.",
    cls=_BookGroup,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    context_settings=dict(CONTEXT),
)


@app.callback()
def _book() -> None:
    """Commands for audiobooks."""
