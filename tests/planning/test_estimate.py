"""Estimates of a manifest: each call is counted once, and paid calls are excluded."""

import random

import pytest

from tests.planning.rows import row
from voicemill.config import LongText
from voicemill.model import Op, Recording
from voicemill.planning.estimate import CALL_OVERHEAD_S, SECONDS_PER_TRANSCRIBED_S, Estimate
from voicemill.planning.predictions import CHARACTERS_PER_AUDIO_S, Output, expected_output, with_expected_inputs
from voicemill.planning.price_plans import PRICE_PLANS
from voicemill.planning.row_calls import RowPlan, plan_row


def plans(*transcripts: str) -> list[RowPlan]:
    """Plans of rows with these transcripts."""
    return [plan_row(row(transcript), "s", LongText(max_characters_per_call=50)) for transcript in transcripts]


def estimate(rows: list[RowPlan], paid: set[str] | None = None) -> Estimate:
    """The estimate of these rows if the answers with the keys in `paid` are stored."""
    found = Estimate()
    for plan in rows:
        found.add(plan, {piece.call.key: piece.call.key in (paid or set()) for piece in plan.pieces})
    return found


def test_estimate_without_rows_is_zero() -> None:
    """Before the first row all sums are zero."""
    empty = Estimate()
    assert (empty.rows, empty.calls, empty.calls_to_pay, empty.credits_to_pay, empty.audio_s) == (0, 0, 0, 0.0, 0.0)
    assert empty.wall_s(1) == 0.0


def test_rows_calls_and_credits_are_counted() -> None:
    """Speech costs one credit per character sent."""
    found = estimate(plans("Twelve chars", "Thirty characters of a sentence.", "First one.\n\nSecond."))
    assert (found.rows, found.calls, found.calls_to_pay) == (3, 4, 4)
    assert found.credits_to_pay == found.characters == 12 + 32 + 10 + 7


def test_equal_calls_are_billed_once() -> None:
    """A call shared by several rows counts its audio in each and its credits once."""
    found = estimate(plans(*["The same words."] * 1000, "Others."))
    assert (found.rows, found.calls, found.distinct_calls, found.credits_to_pay) == (1001, 1001, 2, 22.0)
    assert found.audio_s == pytest.approx((15 * 1000 + 7) / CHARACTERS_PER_AUDIO_S)


def test_stored_answers_are_free() -> None:
    """Stored answers cost nothing, whichever row uses them."""
    rows = plans("Paid already.", "Not yet paid.", "Paid already.")
    found = estimate(rows, {rows[0].pieces[0].call.key})
    assert (found.calls, found.distinct_calls, found.calls_to_pay, found.credits_to_pay) == (3, 2, 1, 13.0)
    everything = estimate(rows, {piece.call.key for plan in rows for piece in plan.pieces})
    assert (everything.calls_to_pay, everything.credits_to_pay, everything.wall_s(1)) == (0, 0.0, 0.0)
    assert everything.audio_s > 0


def test_the_price_of_all_takes_is_the_ceiling() -> None:
    """Further takes of a call cost its price each, once for equal calls; checks take CPU time."""
    rows = [plan_row(row("Twelve chars", check="guided", max_takes=3), "s", LongText())] * 2
    found = estimate(rows)
    assert (found.credits_to_pay, found.retake_credits_at_most) == (12.0, 24.0)
    assert found.check_cpu_s > 0
    assert estimate(plans("Twelve chars")).check_cpu_s == 0


def test_transcriptions_for_checks_are_billed_by_audio() -> None:
    """A transcribed check adds a call for each new answer and each take, unless Whisper runs on this machine."""
    plan = plan_row(row("Thirty characters of a sentence", check="transcribed", max_takes=2), "s", LongText())
    key, price = plan.pieces[0].call.key, 31 / CHARACTERS_PER_AUDIO_S / 2
    found = estimate([plan, plan])
    assert found.check_calls_to_pay == 1
    assert found.check_credits_to_pay == pytest.approx(price)
    assert found.credits_to_pay == pytest.approx(31 + price)
    assert found.retake_credits_at_most == pytest.approx(31 + price)
    stored, local = Estimate(), Estimate(is_check_free=True)
    stored.add(plan, {key: True}, {key: True})
    local.add(plan, {key: False})
    assert (stored.check_calls_to_pay, local.check_calls_to_pay, local.credits_to_pay) == (0, 1, 31.0)


def test_order_of_rows_does_not_matter() -> None:
    """Shuffled rows have the same estimate."""
    rows = plans(*(f"Sentence {number % 40}." for number in range(100)))
    paid = {plan.pieces[0].call.key for plan in rows[::3]}
    shuffled = random.Random(5).sample(rows, len(rows))
    sums = {
        (found.calls, found.calls_to_pay, found.credits_to_pay)
        for found in (estimate(rows, paid), estimate(shuffled, paid))
    }
    assert len(sums) == 1


def test_more_concurrency_takes_less_time() -> None:
    """The estimated time is the total work divided by the concurrency."""
    found = estimate(plans(*(f"Sentence {number}." for number in range(50))))
    assert found.wall_s(1) == pytest.approx(15 * found.wall_s(15))
    assert found.wall_s(1) > 0


def test_estimate_can_be_read_while_rows_are_added() -> None:
    """Reading an intermediate estimate does not change it, and more rows can be added."""
    found = Estimate()
    for number, plan in enumerate(plans("One.", "Two.", "Three."), 1):
        found.add(plan, dict.fromkeys([piece.call.key for piece in plan.pieces], False))
        assert (found.rows, found.calls, found.credits_to_pay > 0) == (number, number, True)


def test_price_plans_turn_credits_into_money() -> None:
    """The monthly credits of a price plan cost its monthly price; the free plan costs nothing."""
    for plan in PRICE_PLANS:
        assert plan.usd(plan.credits_per_month) == pytest.approx(plan.usd_per_month)
        assert plan.usd(0) == 0.0
        assert plan.tts_slots > 0
    prices = [plan.usd(1000) for plan in PRICE_PLANS if plan.usd_per_month]
    assert prices == sorted(prices, reverse=True)


def of_recording(op: Op, seconds: float, digest: str = "d") -> RowPlan:
    """The plan of a row with a recording of the given duration."""
    format = None if op is Op.STT else row("x").output.format
    given = row("", op=op, format=format, audio=Recording("/a.wav", digest, 1, seconds), text_formats=("txt",))
    return plan_row(given, "s", LongText())


def test_credits_of_each_operation() -> None:
    """Transcription costs half a credit per second, voice conversion fifteen; a shared recording is counted once."""
    found = estimate([of_recording(Op.STT, 60.0), of_recording(Op.STT, 60.0), of_recording(Op.VOICE_CHANGE, 10.0)])
    assert (found.rows, found.distinct_calls, found.credits_to_pay) == (3, 2, 30.0 + 150.0)
    assert (found.transcribed_s, found.converted_s, found.audio_s) == (120.0, 10.0, 10.0)
    sums = found.by_op()
    assert (sums[Op.STT].rows, sums[Op.STT].calls, sums[Op.STT].calls_to_pay, sums[Op.STT].credits_to_pay) == (
        2,
        2,
        1,
        30.0,
    )
    assert (sums[Op.VOICE_CHANGE].calls, sums[Op.VOICE_CHANGE].audio_s) == (1, 10.0)


def test_call_families_run_in_parallel() -> None:
    """Speech and transcription run in parallel, each with its own concurrency."""
    recordings = [of_recording(Op.STT, 60.0, str(number)) for number in range(40)]
    work_s = 40 * (CALL_OVERHEAD_S + 60.0 * SECONDS_PER_TRANSCRIBED_S)
    assert estimate(recordings).wall_s(1, 20) == pytest.approx(work_s / 20)
    both = estimate([*recordings, *plans("Hello.")])
    assert both.wall_s(1, 20) == pytest.approx(work_s / 20)
    assert both.wall_s(1, 1000) == pytest.approx(estimate(plans("Hello.")).wall_s(1))


def test_dependent_rows_are_estimated_from_text() -> None:
    """A row that uses another row's output is priced by the duration expected from that row's text."""
    spoken = row("x" * 150, id="a")
    assert expected_output(spoken) == Output(seconds=10.0)
    transcribed = row("", id="b", op=Op.STT, format=None, audio=Recording(made_by="a"), text_formats=("txt",))
    ready = with_expected_inputs(transcribed, {"a": Output(10.0)})
    found = Estimate()
    plan = plan_row(ready, "s", LongText())
    found.add(plan, {plan.pieces[0].call.key: False}, guessed=True)
    assert (found.guessed, found.credits_to_pay) == (1, 5.0)
    assert expected_output(ready) == Output(characters=150)
    again = with_expected_inputs(row("", id="c", text_from=Recording(made_by="b")), {"b": Output(characters=150)})
    assert len(again.speech.text) == 150
