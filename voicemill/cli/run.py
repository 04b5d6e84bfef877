"""`voicemill run`: process a manifest into a results folder."""

import asyncio
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voicemill.cli.help_page import Command, command_app, examples
from voicemill.cli.option_groups import with_options
from voicemill.cli.options import Force, JsonOfRun, Manifest, Results, RunOptions, results_folder

if TYPE_CHECKING:
    from flows.prefect_server.ensure import ServerLease
    from voicemill.config import ApiKey, Settings
    from voicemill.pipeline.prepare import PlanFacts
    from voicemill.pipeline.summary import Summary
    from voicemill.store.results_folder import ResultsFolder

app = command_app()

_WARNINGS_SHOWN = 20


@app.command(
    cls=Command,
    epilog=examples(
        "voicemill run book.csv",
        "voicemill run book.csv -o results/book --voice Sarah --container mp3",
        "voicemill run book.csv --sample 3 --max-credits 5000",
        "voicemill run book.csv -o s3://bucket/books/one",
        "voicemill run 'recordings/*.wav' --op stt --output-format srt,json",
    ),
)
@with_options
def run(
    manifest: Manifest, options: RunOptions, results: Results = None, force: Force = False, as_json: JsonOfRun = False
) -> None:
    """Process a manifest into a results folder, or resume an earlier run.

    Rerun the same command to resume: only missing answers are requested, and completed calls are not billed again.
    Without CARTESIA_API_KEY, the embedded engine is used, offline and free. A live run can be watched with
    `voicemill status` and changed with `voicemill control`.
    """
    from voicemill.cli.flow_runner import end_with
    from voicemill.store.bucket_results import opened_results

    with opened_results(results_folder(results, manifest)) as folder:
        summary = _summary(manifest, options.settings(), folder, force=force, as_json=as_json)
    end_with(summary, as_json=as_json)


def _summary(manifest: str, settings: "Settings", folder: "ResultsFolder", *, force: bool, as_json: bool) -> "Summary":
    """Run a manifest as a flow of Prefect, or without it where a finished run is repeated."""
    from flows.prefect_server.ensure import ensure_server
    from voicemill.cli.flow_runner import run_flow, run_without_flow
    from voicemill.pipeline.finished_run import repeats_finished_run
    from voicemill.pipeline.selection import Selection

    facts = None
    if not force and _may_need_no_flow(settings, folder):
        facts = _facts(manifest, settings, folder, None, as_json=as_json)
        if repeats_finished_run(folder, facts):
            return run_without_flow(_absolute(manifest), folder, settings, facts, as_json=as_json)
    with ensure_server() as lease:
        facts = facts or _facts(manifest, settings, folder, _key(settings, lease), as_json=as_json)
        parameters = {"manifest": _absolute(manifest), "settings": settings, "selection": Selection(force=force)}
        flow = partial(_flow, settings.operation)
        return run_flow(flow, folder, lease, as_json=as_json, plan_id=facts.plan_id, **parameters)


def _may_need_no_flow(settings: "Settings", folder: "ResultsFolder") -> bool:
    """Whether the folder holds a finished run, and the settings use nothing of Prefect."""
    from voicemill.pipeline.finished_run import has_finished

    needs_prefect = settings.service.key_block or settings.pace.shared_limit or settings.runner.startswith("pool:")
    return has_finished(folder) and not needs_prefect


def _facts(
    manifest: str, settings: "Settings", folder: "ResultsFolder", key: "ApiKey | None", *, as_json: bool
) -> "PlanFacts":
    """Check the manifest, and print what was found."""
    from voicemill.cli.flow_runner import say

    say_line = partial(say, as_json=as_json)
    facts = asyncio.run(_checked(manifest, settings, folder, key, say_line))
    for warning in facts.warnings[:_WARNINGS_SHOWN]:
        say_line(f"warning: {warning}")
    return facts


def _key(settings: "Settings", lease: "ServerLease") -> "ApiKey | None":
    if not settings.service.key_block:
        return None
    lease.wait_until_ready()
    from flows.secret import key_from_block  # imports Prefect, which must not start before the server is known

    return asyncio.run(key_from_block(settings))


async def _checked(
    manifest: str,
    settings: "Settings",
    folder: "ResultsFolder",
    key: "ApiKey | None",
    say: Callable[[str], None],
) -> "PlanFacts":
    from voicemill.manifest import VoiceDirectory
    from voicemill.pipeline.prepare import earlier_service, prepare
    from voicemill.service import all_voices, open_service

    async with open_service(settings, key, earlier=earlier_service(folder)) as service:
        say(service.line)
        voices = VoiceDirectory(await all_voices(service, settings.pace))
    with folder.locked():
        facts = prepare(manifest, settings, service.name, voices, folder)
    say(_checked_line(facts))
    return facts


def _checked_line(facts: "PlanFacts") -> str:
    from voicemill.report.amounts import counted, needed

    sent = needed(facts.calls - facts.guessed, facts.characters, facts.transcribed_s, facts.converted_s)
    rest = f", plus {counted(facts.guessed, 'row')} that use the output of other rows" if facts.guessed else ""
    return f"{counted(facts.rows, 'row')} checked: {sent}{rest}."


def _flow(operation: str) -> Any:  # noqa: ANN401 - a Prefect flow
    name = operation or "mixed"
    return getattr(import_module(f"flows.{name}"), name)


def _absolute(manifest: str) -> str:
    from voicemill.manifest import is_listing

    if manifest in ("-", "@-"):
        return manifest
    mark = "@" if manifest.startswith("@") and is_listing(manifest) and not Path(manifest).exists() else ""
    return mark + str(Path(manifest.removeprefix(mark)).absolute())
