"""`voicemill run`: a manifest into a results folder."""

import asyncio
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from flows.prefect_server.ensure import ServerLease, ensure_server
from voicemill.cli.flow_runner import end_with, run_flow, say
from voicemill.cli.options import Force, Json, Manifest, Results, SpendingOptions, results_folder, with_options
from voicemill.config import ApiKey, Settings
from voicemill.manifest import VoiceDirectory, is_listing
from voicemill.pipeline.prepare import PlanFacts, prepare
from voicemill.pipeline.selection import Selection
from voicemill.report.amounts import counted, needed
from voicemill.service import all_voices, open_service
from voicemill.store.results_folder import ResultsFolder


@with_options
def run(
    manifest: Manifest, options: SpendingOptions, results: Results = None, force: Force = False, as_json: Json = False
) -> None:
    """Make what a manifest asks for. Run it again to go on: only what is missing is paid for."""
    settings = options.settings()
    folder = ResultsFolder(results_folder(results, manifest))
    with ensure_server() as lease:
        facts = asyncio.run(_checked(manifest, settings, folder, _key(settings, lease)))
        for warning in facts.warnings[:20]:
            say(f"warning: {warning}")
        asked = {"manifest": _absolute(manifest), "settings": settings, "selection": Selection(force=force)}
        summary = run_flow(partial(_flow, settings.operation), folder, facts, lease, plan_id=facts.plan_id, **asked)
    end_with(summary, as_json=as_json)


def _key(settings: Settings, lease: ServerLease) -> ApiKey | None:
    if not settings.service.key_block:
        return None
    lease.wait_until_ready()
    from flows.secret import key_from_block  # here, for it imports Prefect

    return asyncio.run(key_from_block(settings))


async def _checked(manifest: str, settings: Settings, folder: ResultsFolder, key: ApiKey | None) -> PlanFacts:
    async with open_service(settings, key) as service:
        say(service.line)
        voices = VoiceDirectory(await all_voices(service, settings.pace))
    with folder.locked():
        facts = prepare(manifest, settings, service.name, voices, folder)
    say(_checked_line(facts))
    return facts


def _checked_line(facts: PlanFacts) -> str:
    known = facts.calls - facts.guessed
    rest = (
        f", and what {counted(facts.guessed, 'row')} will need that take the output of others" if facts.guessed else ""
    )
    what = needed(known, facts.characters, facts.transcribed_s, facts.converted_s)
    return f"{counted(facts.rows, 'row')} checked: {what}{rest}."


def _flow(operation: str) -> Any:  # noqa: ANN401 - a flow
    name = operation or "mixed"
    return getattr(import_module(f"flows.{name}"), name)


def _absolute(manifest: str) -> str:
    if manifest in ("-", "@-"):
        return manifest
    mark = "@" if manifest.startswith("@") and is_listing(manifest) and not Path(manifest).exists() else ""
    return mark + str(Path(manifest.removeprefix(mark)).absolute())
