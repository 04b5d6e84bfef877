"""`voicemill plan`: what a manifest will take, before anything is paid for."""

import asyncio
import json
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from flows.command_line.options import Json, Manifest, Results, RunOptions, results_folder, with_options
from flows.service import Service, all_voices, open_service
from voicemill.config import Settings
from voicemill.manifest import ManifestCheck, VoiceBook
from voicemill.plan.calls import plan_row
from voicemill.plan.estimate import PRICE_PLANS, Estimate
from voicemill.store.answers import AnswerStore
from voicemill.store.results import ResultsFolder
from voicemill.work.cuts import with_cuts
from voicemill.work.pacing import bounds_of, price_plan


@with_options
def plan(manifest: Manifest, options: RunOptions, results: Results = None, as_json: Json = False) -> None:
    """Show rows, calls, what is paid already, credits, money, hours of audio and wall time."""
    settings = options.settings()
    folder = ResultsFolder(results_folder(results, manifest))
    estimate, service = asyncio.run(_estimated(manifest, settings, AnswerStore(folder.answers(settings.answers))))
    slots = bounds_of(settings.pace, price_plan(settings.pace), "tts", service).start
    figures = _figures(estimate, slots)
    if as_json:
        typer.echo(json.dumps({"manifest": manifest, "service": service, **figures}, indent=2))
    else:
        _print(manifest, figures, slots)


async def _estimated(manifest: str, settings: Settings, answers: AnswerStore) -> tuple[Estimate, str]:
    async with open_service(settings) as service:
        voices = VoiceBook(await all_voices(service, settings.pace))
        return _estimate(ManifestCheck(manifest, settings, voices), settings, service, answers), service.name


def _estimate(check: ManifestCheck, settings: Settings, service: Service, answers: AnswerStore) -> Estimate:
    estimate = Estimate()
    for row in check:
        row_plan = plan_row(with_cuts(row, settings.long_audio), service.name, settings.long_text)
        estimate.add(row_plan, {piece.call.key: answers.has(piece.call.key) for piece in row_plan.pieces})
    check.raise_if_bad()
    return estimate


def _figures(estimate: Estimate, slots: int) -> dict[str, Any]:
    credits = estimate.credits_to_pay
    return {
        "rows": estimate.rows,
        "characters": estimate.characters,
        "calls": estimate.calls,
        "calls_paid": estimate.calls - estimate.calls_to_pay,
        "calls_to_pay": estimate.calls_to_pay,
        "credits_to_pay": credits,
        "audio_s": round(estimate.audio_s, 1),
        "wall_s": round(estimate.wall_s(slots), 1),
        "price_plans": [
            asdict(price)
            | {
                "usd": round(price.usd(credits), 2),
                "share_of_month": round(credits / price.credits_per_month, 4),
                "wall_s": round(estimate.wall_s(price.tts_slots), 1),
            }
            for price in PRICE_PLANS
        ],
    }


def _print(manifest: str, figures: dict[str, Any], slots: int) -> None:
    typer.echo(f"{manifest}: {figures['rows']:,} rows, {figures['characters']:,} characters")
    typer.echo(f"  calls    {figures['calls']:>10,}   of which paid already: {figures['calls_paid']:,}")
    typer.echo(f"  credits  {figures['credits_to_pay']:>10,.0f}   still to pay, at about one a character")
    typer.echo(f"  audio    {_span(figures['audio_s']):>10}   in all, about")
    typer.echo(f"  time     {_span(figures['wall_s']):>10}   with {slots} calls at once, about")
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
            str(price["tts_slots"]),
            _span(price["wall_s"]),
        )
    Console().print(table, markup=False)


def _span(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))
