"""The estimate of a run, for a terminal."""

from collections.abc import Iterator

from rich import box
from rich.console import Console
from rich.table import Table

from voicemill.planning.figures import PlanFigures, PriceFigures
from voicemill.report.amounts import counted, needed, span

_COLUMNS = ("Cartesia plan", "cost", "of monthly credits", "concurrent calls", "run time")


def plan_lines(figures: PlanFigures) -> Iterator[str]:
    """The figures that do not depend on a price plan."""
    sent = needed(figures.calls, figures.characters, figures.transcribed_s, figures.converted_s)
    yield f"{figures.manifest}: {counted(figures.rows, 'row')}, {sent}"
    yield f"  calls      {figures.calls_to_pay:>10,}   to make{_not_paid(figures)}"
    yield f"  credits    {figures.credits_to_pay:>10,.0f}   estimated"
    if figures.audio_s or not figures.transcribed_s:
        yield f"  audio      {span(figures.audio_s):>10}   generated in total, estimated"
    if figures.transcribed_s:
        yield f"  recordings {span(figures.transcribed_s):>10}   to transcribe"
    at_once = " and ".join(f"{slots} {family}" for family, slots in figures.slots.items())
    yield f"  run time   {span(figures.wall_s):>10}   with {at_once} calls at once, estimated"
    if figures.check_calls_to_pay:
        price = f"{figures.check_credits_to_pay:,.0f} of these credits" if figures.check_credits_to_pay else "no charge"
        calls = counted(figures.check_calls_to_pay, "transcription")
        yield f"  checks     {price:>10}   for {calls} of generated audio"
    if figures.check_cpu_s >= 1:
        yield f"  checks     {span(figures.check_cpu_s):>10}   of CPU time, estimated"
    if figures.credits_at_most > figures.credits_to_pay:
        retakes = counted(round(figures.expected_retakes), "retake")
        yield f"  at most    {figures.credits_at_most:>10,.0f}   credits with all takes; {retakes} if 3 % are bad"
    if len(figures.operations) > 1:
        yield from _operations(figures)
    if figures.rows_guessed:
        rows = counted(figures.rows_guessed, "dependent row")
        yield f"  {rows} included as a guess: the output of other rows is not known yet"


def print_price_plans(figures: PlanFigures) -> None:
    """Print what the run costs and how long it takes on each Cartesia plan."""
    table = Table(*_COLUMNS, box=box.SIMPLE, pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    for price in figures.price_plans:
        slots = f"{price.tts_slots} tts, {price.stt_slots} stt"
        table.add_row(price.name, _cost(price), f"{price.share_of_month:.1%}", slots, span(price.wall_s))
    Console().print(table, markup=False)


def _not_paid(figures: PlanFigures) -> str:
    reasons = [f"{figures.calls_paid:,} stored already"] if figures.calls_paid else []
    if figures.calls_repeated:
        reasons.append(f"{figures.calls_repeated:,} duplicate")
    return f" ({', '.join(reasons)})" if reasons else ""


def _operations(figures: PlanFigures) -> Iterator[str]:
    for op, sums in figures.operations.items():
        paid = f"{counted(sums.calls_to_pay, 'call')} to make, {sums.credits_to_pay:,.0f} credits"
        yield f"    {op:13} {counted(sums.rows, 'row')}, {paid}, {span(sums.audio_s)}"


def _cost(price: PriceFigures) -> str:
    return "not enough" if price.usd_per_month == 0 and price.share_of_month > 1 else f"${price.usd:,.2f}"
