"""Check the answers of a row before it is assembled, generate bad passages again, and choose the best takes."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from voicemill.errors import CallError, FatalCallError
from voicemill.model import Row, State, Stt, Verdict
from voicemill.pipeline.call import ensure_answer
from voicemill.pipeline.check_answer import body_of, check_guided, check_signals, to_compare
from voicemill.pipeline.check_transcription import check_transcribed
from voicemill.pipeline.context import RunContext
from voicemill.pipeline.workers import run_concurrently
from voicemill.planning.row_calls import CallPiece, RowPlan
from voicemill.store.answer_store import StoredAnswer

_RANK = {State.OK: 2, State.INCONCLUSIVE: 1, State.BAD: 0}


@dataclass(frozen=True, slots=True)
class AnsweredRow:
    """A row whose answers are all stored.

    `plan` has the calls of the best takes, and `verdicts` one verdict for each; empty if the row is not checked.
    `more_keys` are the keys of the other takes and of the transcriptions for checks. `new_answer` is the answer of a
    single-call row if it is new.
    """

    plan: RowPlan
    verdicts: tuple[Verdict, ...] = ()
    more_keys: tuple[str, ...] = ()
    new_answer: StoredAnswer | None = None


@dataclass(frozen=True, slots=True)
class _Take:
    piece: CallPiece
    new_answer: StoredAnswer | None
    verdict: Verdict | None = None
    transcription_key: str = ""


async def answered(plan: RowPlan, context: RunContext) -> AnsweredRow:
    """Make sure that all answers of a row are stored, and that its bad passages were generated again.

    Raises as `ensure_answer` does, and `AnswerDamaged` if a stored answer cannot be checked.
    """
    takes: dict[int, list[_Take]] = {}
    is_only = len(plan.pieces) == 1

    async def answer(number: int) -> None:
        takes[number] = await _takes(plan, number, context, at_once=not is_only)

    if is_only:
        await answer(0)
    else:
        await run_concurrently(range(len(plan.pieces)), context.limiter.max_concurrency, answer)
    best = [max(takes[number], key=_quality) for number in range(len(plan.pieces))]
    pieces = tuple(take.piece for take in best)
    return AnsweredRow(
        plan if pieces == plan.pieces else replace(plan, pieces=pieces),
        tuple(take.verdict for take in best if take.verdict is not None),
        _more_keys([take for number in sorted(takes) for take in takes[number]], best),
        best[0].new_answer if is_only else None,
    )


def _more_keys(takes: list[_Take], best: list[_Take]) -> tuple[str, ...]:
    used = {take.piece.call.key for take in best}
    keys = (key for take in takes for key in (take.piece.call.key, take.transcription_key))
    return tuple(dict.fromkeys(key for key in keys if key and key not in used))


def _quality(take: _Take) -> tuple[int, float]:
    """The sort key of a take: the greatest one is the best take, of equal ones the first."""
    return (_RANK[take.verdict.state], take.verdict.score) if take.verdict else (0, 0.0)


async def _takes(plan: RowPlan, number: int, context: RunContext, *, at_once: bool) -> list[_Take]:
    """The takes of one passage, up to the first one that is not bad."""
    found: list[_Take] = []
    for piece in _pieces(plan, number):
        try:
            take = await _take(piece, plan.row, context, at_once=at_once)
        except FatalCallError:
            raise
        except CallError:
            if not found:
                raise
            break
        found.append(take)
        if take.verdict is None or take.verdict.state is not State.BAD:
            break
    return found


async def _take(piece: CallPiece, row: Row, context: RunContext, *, at_once: bool) -> _Take:
    """One take with its verdict. Raises as `ensure_answer` does."""
    answer = await ensure_answer(piece.call, row.id, context, at_once=at_once)
    check = row.quality.check
    if check == "off":
        return _Take(piece, answer)
    body, wanted = await body_of(piece.call, answer, context), to_compare(piece, row, check)
    if check == "transcribed":
        return _Take(piece, answer, *await check_transcribed(body, wanted, row.id, context))
    rate = check_guided if check == "guided" else check_signals
    return _Take(piece, answer, await rate(body, wanted, context))


def _pieces(plan: RowPlan, number: int) -> Iterator[CallPiece]:
    """The passage as planned, then with the calls of its further takes."""
    piece = plan.pieces[number]
    yield piece
    quality = plan.row.quality
    if quality.check != "off" and not isinstance(piece.call, Stt):
        for take in range(1, quality.max_takes):
            yield replace(piece, call=replace(piece.call, take=piece.call.take + take))
