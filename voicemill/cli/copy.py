"""`voicemill copy`: what a run delivered, into an object store."""

from typing import Annotated

import typer

from voicemill.cli.options import ResultsOfRun, results_of_run
from voicemill.pipeline.copy_results import copy_results


def copy(
    results: ResultsOfRun,
    target: Annotated[str, typer.Argument(help="An address such as s3://bucket/prefix.", show_default=False)],
) -> None:
    """Copy the finished files and the tables of a run to an object store: only what changed, the tables last."""
    folder = results_of_run(results)
    with folder.locked():
        copied, of = copy_results(folder, target)
    typer.echo(f"{copied} of {of} files copied to {target}; the others were there.")
