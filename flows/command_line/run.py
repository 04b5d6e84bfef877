"""`voicemill run`: a manifest into a results folder."""

import asyncio
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import typer

from flows.command_line.options import Json, Manifest, Results, SpendingOptions, results_folder, with_options
from flows.prefect_server import ServerLease, ensure_server
from flows.service import all_voices, open_service
from voicemill.config import ApiKey, Settings
from voicemill.manifest import VoiceBook
from voicemill.report.live import live_progress
from voicemill.report.summary import as_lines, counted
from voicemill.store.results import ResultsFolder
from voicemill.work.prepare import PlanFacts, prepare
from voicemill.work.publish import Summary


@with_options
def run(manifest: Manifest, options: SpendingOptions, results: Results = None, as_json: Json = False) -> None:
    """Make what a manifest asks for. Run it again to go on: only what is missing is paid for."""
    settings = options.settings()
    folder = ResultsFolder(results_folder(results, manifest))
    with ensure_server() as lease:
        facts = asyncio.run(_checked(manifest, settings, folder, _key(settings, lease)))
        for warning in facts.warnings[:20]:
            _say(f"warning: {warning}")
        summary = _run_flow(manifest, settings, folder, facts, lease)
    if as_json:
        typer.echo(json.dumps(asdict(summary), indent=2))
    else:
        typer.echo("\n".join(as_lines(summary)))
    raise typer.Exit(summary.exit_code)


def _say(line: str) -> None:
    typer.echo(line, err=True)


def _key(settings: Settings, lease: ServerLease) -> ApiKey | None:
    if not settings.service.key_block:
        return None
    lease.wait_until_ready()
    from flows.secret import key_from_block  # here, for it imports Prefect

    return asyncio.run(key_from_block(settings))


async def _checked(manifest: str, settings: Settings, folder: ResultsFolder, key: ApiKey | None) -> PlanFacts:
    async with open_service(settings, key) as service:
        _say(service.line)
        voices = VoiceBook(await all_voices(service, settings.pace))
    with folder.locked():
        facts = prepare(manifest, settings, voices, folder)
    rows, calls, characters = (
        counted(facts.rows, "row"),
        counted(facts.calls, "call"),
        counted(facts.characters, "character"),
    )
    _say(f"{rows} checked: {calls}, {characters}.")
    return facts


def _run_flow(
    manifest: str, settings: Settings, folder: ResultsFolder, facts: PlanFacts, lease: ServerLease
) -> Summary:
    with live_progress(folder.progress, facts.calls, sys.stderr):
        from flows.tts import tts  # here, for it imports Prefect, which takes seconds that the check need not wait for

        lease.wait_until_ready()
        return asyncio.run(_summary_of(tts, _absolute(manifest), folder, settings, facts.plan_id))


async def _summary_of(
    tts: Any,  # noqa: ANN401 - Prefect's type for a flow that returns a state is wrong
    manifest: str,
    folder: ResultsFolder,
    settings: Settings,
    plan_id: str,
) -> Summary:
    state = await tts(manifest, str(folder.path.absolute()), settings, plan_id, return_state=True)
    ending = await state.aresult(raise_on_failure=False)
    if isinstance(ending, Summary):
        return ending
    raise ending


def _absolute(manifest: str) -> str:
    return manifest if manifest == "-" else str(Path(manifest).absolute())
