"""`voicemill plan`: what a manifest will take, before anything is paid for."""

import asyncio
import json
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from voicemill.audio.inspection import Inspector
from voicemill.cli.options import Json, Manifest, Results, RunOptions, results_folder, with_options
from voicemill.config import Settings
from voicemill.manifest import ManifestCheck, VoiceDirectory
from voicemill.model import levels
from voicemill.pipeline.fetch_inputs import Fetch
from voicemill.pipeline.limiter_setup import FAMILIES, bounds_of, price_plan
from voicemill.pipeline.segmentation import with_cuts
from voicemill.planning.estimate import PRICE_PLANS, Estimate
from voicemill.planning.predictions import expected_output, stand_in
from voicemill.planning.row_calls import plan_row
from voicemill.report.amounts import counted, needed, span
from voicemill.service import Service, all_voices, open_service
from voicemill.store.answer_store import AnswerStore
from voicemill.store.recording_cache import KnownRecordings
from voicemill.store.results_folder import ResultsFolder


@with_options
def plan(manifest: Manifest, options: RunOptions, results: Results = None, as_json: Json = False) -> None:
    """Show rows, calls, what is paid already, credits, money, hours of audio and wall time."""
    settings = options.settings()
    folder = ResultsFolder(results_folder(results, manifest))
    estimate, service = asyncio.run(_estimated(manifest, settings, folder))
    price = price_plan(settings.pace)
    slots = {family: bounds_of(settings.pace, price, family, service).start for family in FAMILIES}
    figures = _figures(estimate, slots)
    if as_json:
        typer.echo(json.dumps({"manifest": manifest, "service": service, **figures}, indent=2))
    else:
        _print(manifest, figures, slots)


async def _estimated(manifest: str, settings: Settings, folder: ResultsFolder) -> tuple[Estimate, str]:
    answers, known = AnswerStore(folder.answers(settings.answers)), KnownRecordings(folder.recordings)
    async with open_service(settings) as service:
        voices = VoiceDirectory(await all_voices(service, settings.pace))
        with Inspector(known) as inspect, TemporaryDirectory(prefix="voicemill-") as place:
            check = ManifestCheck(manifest, settings, voices, inspect, Fetch.into(Path(place), settings.inputs))
            return _estimate(check, settings, service, answers), service.name


def _estimate(check: ManifestCheck, settings: Settings, service: Service, answers: AnswerStore) -> Estimate:
    estimate = Estimate()
    chained = []
    for row in check:
        if row.takes:
            chained.append(row)
            continue
        row_plan = plan_row(with_cuts(row, settings.long_audio), service.name, settings.long_text)
        estimate.add(row_plan, {piece.call.key: answers.has(piece.call.key) for piece in row_plan.pieces})
    check.raise_if_bad()
    made = {row.id: expected_output(row) for row in check if row.id in check.taken_ids} if chained else {}
    order = levels({row.id: row.takes for row in chained})
    for row in sorted(chained, key=lambda row: order[row.id]):
        ready = stand_in(row, made)
        made[row.id] = expected_output(ready)
        row_plan = plan_row(ready, service.name, settings.long_text)
        estimate.add(row_plan, dict.fromkeys((piece.call.key for piece in row_plan.pieces), False), guessed=True)
    return estimate


def _figures(estimate: Estimate, slots: dict[str, int]) -> dict[str, Any]:
    credits = estimate.credits_to_pay
    return {
        "rows": estimate.rows,
        "rows_guessed": estimate.guessed,
        "characters": estimate.characters,
        "calls": estimate.calls,
        "calls_repeated": estimate.calls - estimate.questions,
        "calls_paid": estimate.questions - estimate.calls_to_pay,
        "calls_to_pay": estimate.calls_to_pay,
        "credits_to_pay": credits,
        "audio_s": round(estimate.audio_s, 1),
        "transcribed_s": round(estimate.transcribed_s, 1),
        "converted_s": round(estimate.converted_s, 1),
        "wall_s": round(estimate.wall_s(slots["tts"], slots["stt"]), 1),
        "operations": {op.value: asdict(sums) for op, sums in estimate.by_op().items()},
        "price_plans": [
            asdict(price)
            | {
                "usd": round(price.usd(credits), 2),
                "share_of_month": round(credits / price.credits_per_month, 4),
                "wall_s": round(estimate.wall_s(price.tts_slots, price.stt_slots), 1),
            }
            for price in PRICE_PLANS
        ],
    }


def _print(manifest: str, figures: dict[str, Any], slots: dict[str, int]) -> None:
    what = needed(*(figures[name] for name in ("calls", "characters", "transcribed_s", "converted_s")))
    typer.echo(f"{manifest}: {counted(figures['rows'], 'row')}, {what}")
    again = f", and {figures['calls_repeated']:,} ask what others ask" if figures["calls_repeated"] else ""
    typer.echo(
        f"  calls    {figures['calls_to_pay']:>10,}   still to pay; {figures['calls_paid']:,} are paid already{again}"
    )
    typer.echo(f"  credits  {figures['credits_to_pay']:>10,.0f}   still to pay, about")
    if figures["audio_s"] or not figures["transcribed_s"]:
        typer.echo(f"  audio    {span(figures['audio_s']):>10}   in all, about")
    if figures["transcribed_s"]:
        typer.echo(f"  heard    {span(figures['transcribed_s']):>10}   of recordings to transcribe")
    at_once = " and ".join(f"{slots[family]} {family}" for family in FAMILIES)
    typer.echo(f"  time     {span(figures['wall_s']):>10}   with {at_once} calls at once, about")
    if len(figures["operations"]) > 1:
        _print_operations(figures["operations"])
    if figures["rows_guessed"]:
        typer.echo(f"  {figures['rows_guessed']:,} rows take the output of others: their part is a guess until then")
    _print_price_plans(figures)


def _print_operations(operations: dict[str, dict[str, Any]]) -> None:
    for op, sums in operations.items():
        typer.echo(
            f"    {op:13} {sums['rows']:,} rows, {sums['calls_to_pay']:,} calls to pay, "
            f"{sums['credits_to_pay']:,.0f} credits, {span(sums['audio_s'])}"
        )


def _print_price_plans(figures: dict[str, Any]) -> None:
    table = Table(
        "Cartesia plan", "money", "of the month's credits", "calls at once", "time", box=box.SIMPLE, pad_edge=False
    )
    for column in table.columns[1:]:
        column.justify = "right"
    for price in figures["price_plans"]:
        share = price["share_of_month"]
        table.add_row(
            price["name"],
            "does not fit" if price["usd_per_month"] == 0 and share > 1 else f"${price['usd']:,.2f}",
            f"{share:.1%}",
            f"{price['tts_slots']} tts, {price['stt_slots']} stt",
            span(price["wall_s"]),
        )
    Console().print(table, markup=False)
