"""`voicemill plan`: estimate a run before anything is billed."""

import asyncio
import json
from typing import TYPE_CHECKING

import typer

from voicemill.cli.help_page import Command, command_app, examples
from voicemill.cli.option_groups import with_options
from voicemill.cli.options import Json, Manifest, PlanOptions, Results, results_folder

if TYPE_CHECKING:
    from voicemill.planning.figures import PlanFigures

app = command_app()


@app.command(
    cls=Command,
    epilog=examples(
        "voicemill plan book.csv",
        "voicemill plan book.csv --plan startup",
        "voicemill plan book.csv -o results/book --json",
    ),
)
@with_options
def plan(manifest: Manifest, options: PlanOptions, results: Results = None, as_json: Json = False) -> None:
    """Estimate calls, credits, cost, audio length and run time of a manifest.

    Nothing is generated or billed. Calls whose answers are stored count as free.
    """
    from voicemill.pipeline.estimate_run import estimate_run
    from voicemill.store.results_folder import ResultsFolder

    folder = ResultsFolder(results_folder(results, manifest))
    figures = asyncio.run(estimate_run(manifest, options.settings(), folder))
    if as_json:
        typer.echo(json.dumps(figures.as_dict(), indent=2))
    else:
        _print(figures)


def _print(figures: "PlanFigures") -> None:
    from voicemill.report.plan_page import plan_lines, print_price_plans

    typer.echo("\n".join(plan_lines(figures)))
    print_price_plans(figures)
