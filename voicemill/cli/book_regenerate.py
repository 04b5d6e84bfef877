"""`voicemill book regenerate`: generate one passage again."""

from typing import Annotated, Literal, cast

import typer

from voicemill.cli.help_page import Command, command_app, examples
from voicemill.cli.options import JsonOfRun, ResultsOfRun, results_of_run
from voicemill.errors import ConfigError

app = command_app()


@app.command(
    cls=Command,
    epilog=examples(
        "voicemill book regenerate results/novel chapter-03/17",
        'voicemill book regenerate results/novel chapter-03/17 --say "The colonel rode away."',
        "voicemill book regenerate results/novel chapter-03/17 --with infill",
    ),
)
def regenerate(
    results: ResultsOfRun,
    passage: Annotated[
        str,
        typer.Argument(
            metavar="ROW/PASSAGE",
            help="The row and the number of the passage, as passages.parquet lists them.",
            show_default=False,
        ),
    ],
    say: Annotated[
        str | None,
        typer.Option(
            "--say",
            metavar="TEXT",
            help="Speak this text instead; transcripts and subtitles keep the text of the manifest.",
        ),
    ] = None,
    way: Annotated[
        str,
        typer.Option(
            "--with",
            metavar="WAY",
            help="take, or infill, which fits the neighboring passages; not for rows with word timestamps.",
        ),
    ] = "take",
    as_json: JsonOfRun = False,
) -> None:
    """Generate one passage again, as another take, with other words or by infill; all other passages stay as they are.

    Makes one call, or more if the row allows further takes. Later runs keep the new passage until its text changes.
    """
    from flows.prefect_server.ensure import ensure_server
    from voicemill.cli.flow_runner import end_with, retry_flow, run_flow
    from voicemill.pipeline.regenerate import record_regeneration
    from voicemill.pipeline.selection import Selection

    if way not in ("take", "infill"):
        raise ConfigError(f"unknown way {way!r}; use take or infill")
    folder = results_of_run(results)
    with folder.locked():
        entry = record_regeneration(folder, passage, (say or "").strip(), cast(Literal["take", "infill"], way))
    with ensure_server() as lease:
        summary = run_flow(retry_flow, folder, lease, as_json=as_json, selection=Selection(ids=(entry.id,)))
    end_with(summary, as_json=as_json)
