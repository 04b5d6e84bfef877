"""The progress of a run in words, from the file that the run writes. Imports no terminal library."""

from collections.abc import Mapping
from typing import Any

from voicemill.report.amounts import counted, produced, span

Progress = Mapping[str, Any]


def share_done(progress: Progress) -> float:
    """How much of the work is done, from 0 to 1, by the characters and the seconds of audio of the calls."""
    if progress["rows"] and _rows_ended(progress) >= progress["rows"]:
        return 1.0
    total_s = progress.get("work_s") or 0.0
    return min(1.0, _work_ended_s(progress) / total_s) if total_s else 0.0


def seconds_left(progress: Progress) -> float | None:
    """The estimated remaining time, at the speed of this run so far; None while it is not known."""
    made_s, elapsed_s = progress.get("work_made_s") or 0.0, progress.get("elapsed_s") or 0.0
    if not made_s or not elapsed_s:
        return None
    left_s = max(0.0, (progress.get("work_s") or 0.0) - _work_ended_s(progress))
    return left_s * float(elapsed_s) / float(made_s)


def one_line(progress: Progress) -> str:
    """Everything in one line, for a log."""
    return " · ".join([*_rows(progress), *_calls(progress), *_amounts(progress), *_state(progress), *_time(progress)])


def lines(progress: Progress) -> list[tuple[str, str]]:
    """The same as a few titled lines, for a terminal."""
    titled = {
        "rows": _rows(progress),
        "calls": _calls(progress),
        "made": _amounts(progress),
        "limit": [*_state(progress), *_limit(progress)],
        "time": [f"{span(progress.get('elapsed_s', 0.0))} elapsed", *_time(progress)],
    }
    return [(title, " · ".join(parts)) for title, parts in titled.items() if parts]


def _rows_ended(progress: Progress) -> int:
    return int(progress["rows_done"]) + int(progress["rows_failed"]) + int(progress["rows_refused"])


def _work_ended_s(progress: Progress) -> float:
    return float(progress.get("work_made_s") or 0.0) + float(progress.get("work_reused_s") or 0.0)


def _rows(progress: Progress) -> list[str]:
    parts = [f"{progress['rows_done']:,}/{progress['rows']:,} rows done"]
    parts += [f"{progress[f'rows_{name}']:,} {name}" for name in ("failed", "refused") if progress[f"rows_{name}"]]
    if progress["rows_assembling"]:
        parts.append(f"{counted(progress['rows_assembling'], 'file')} being written")
    return parts


def _calls(progress: Progress) -> list[str]:
    ended = progress["calls_kept"] + progress["calls_reused"]
    parts = [f"{ended:,}/{progress['calls']:,} calls", f"{progress['calls_in_flight']:,} in flight"]
    oldest_s = progress.get("oldest_call_s")
    if oldest_s is not None:
        parts[-1] += f" (oldest {oldest_s:.0f} s)"
    if progress["retries"]:
        parts.append(f"{progress['retries']:,} retried")
    return parts


def _amounts(progress: Progress) -> list[str]:
    amounts = produced(progress["transcribed_s"], progress["converted_s"], 0.0) + _generated(progress)
    most = progress.get("max_credits")
    if most is not None:
        return [*amounts, f"{progress.get('credits_spent', 0.0):,.0f} of {most:,.0f} credits"]
    return [*amounts, f"{progress['credits']:,.0f} credits"] if progress["credits"] else amounts


def _generated(progress: Progress) -> list[str]:
    """The audio that was generated, of what the run generates in total; the total is an estimate."""
    made_s = progress["audio_s"] + progress.get("audio_reused_s", 0.0)
    total_s = max(made_s, progress.get("audio_total_s", 0.0))
    if not total_s or share_done(progress) >= 1:
        return produced(0.0, 0.0, progress["audio_s"])
    return [f"{span(made_s)} of about {span(total_s)} of audio"]


def _state(progress: Progress) -> list[str]:
    return [progress["waiting_for"]] if progress.get("waiting_for") else []


def _limit(progress: Progress) -> list[str]:
    if not progress.get("slots"):
        return []
    why = f": {progress['why']}" if progress.get("why") else ""
    return [f"{counted(progress['slots'], 'concurrent call')}{why}"]


def _time(progress: Progress) -> list[str]:
    left_s = seconds_left(progress)
    return [] if left_s is None or share_done(progress) >= 1 else [f"about {span(left_s)} left"]
