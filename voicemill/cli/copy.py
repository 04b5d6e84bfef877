"""`voicemill copy`: copy the output of a run to an object store."""

from typing import Annotated

import typer

from voicemill.cli.help_page import Command, command_app, examples
from voicemill.cli.options import ResultsOfRun, results_of_run

app = command_app()


@app.command(
    cls=Command,
    epilog=examples(
        "voicemill copy results/book s3://bucket/books/one",
        "voicemill copy results/book gs://bucket/books/one",
    ),
)
def copy(
    results: ResultsOfRun,
    target: Annotated[str, typer.Argument(metavar="URL", help="A URL such as s3://bucket/prefix.", show_default=False)],
) -> None:
    """Copy finished files and tables to an object store.

    Only new and changed files are copied. Tables are copied last, so a reader never sees a table without its files.
    """
    from voicemill.pipeline.copy_results import copy_results

    folder = results_of_run(results)
    with folder.locked():
        copied, total = copy_results(folder, target)
    typer.echo(f"Copied {copied} of {total} files to {target}; the others were up to date.")
