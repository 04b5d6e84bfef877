"""How many injected faults the guided check finds, and how often it is wrong about good audio.

    python -m benchmarks.quality [--passages 40] [--faults-each 3] [--figures benchmarks/quality_figures.json]

The passages are paragraphs of Alice's Adventures in Wonderland. Thresholds were set on 16 paragraphs of its first half
with one voice of the small engine, and on two recordings of people. Those are not among the passages that are measured:
paragraphs of the second half with three voices, and six other recordings of people.
"""

import argparse
import json
import logging
import os
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from typing import Any

import numpy as np
import pandas as pd

import voicemill
from benchmarks.quality_faults import RATE_HZ, Recorded, injected
from voicemill.audio.decode import decode
from voicemill.model import State, Verdict
from voicemill.quality.pool import CheckPool
from voicemill.quality.verdict import guided_verdict

logger = logging.getLogger("benchmarks.quality")

_SHARED = Path(__file__).parents[2] / "shared"
_VOICES = (("small", "Sarah"), ("small", "James"), ("local", "Olivia"))
_TUNED_RECORDINGS = frozenset({"LJ001-0001.flac", "sense-0870.wav"})
_SENTENCE_END = (". ", "! ", "? ")


def main() -> None:
    """Measure, print the table, and write the figures."""
    options = _options()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    groups = {f"{engine} {voice}": [*_spoken(engine, voice, options.passages)] for engine, voice in _VOICES}
    groups["people"] = [*_recordings()]
    pool = CheckPool()
    before_s = _cpu_s()
    counts = {name: _measured(clips, pool, options.faults_each) for name, clips in groups.items()}
    pool.close()
    audio_s = sum(count["audio_s"] for count in counts.values())
    figures = {"cpu_s_per_audio_hour": round((_cpu_s() - before_s) / audio_s * 3600, 1), "groups": counts}
    options.figures.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    _print(figures["cpu_s_per_audio_hour"], counts)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--passages", type=int, default=40)
    parser.add_argument("--faults-each", type=int, default=3)
    parser.add_argument("--figures", type=Path, default=Path("benchmarks/quality_figures.json"))
    return parser.parse_args()


def _paragraphs(count: int) -> list[str]:
    """Paragraphs with several sentences from the second half of the book."""
    text = (_SHARED / "books" / "alice.txt").read_text(encoding="utf-8")
    found = [" ".join(paragraph.split()) for paragraph in text[len(text) // 2 :].split("\n\n")]
    usable = [one for one in found if 100 < len(one) < 240 and "*" not in one and _last_sentence(one)]
    return usable[:count]


def _last_sentence(text: str) -> int:
    """The position of the last sentence of four words or more; 0 if there is only one."""
    start = max((text.rfind(end, 0, len(text) - 20) for end in _SENTENCE_END), default=-1)
    return start + 2 if start > 0 and len(text[start + 2 :].split()) >= 5 else 0


def _spoken(engine: str, voice: str, count: int) -> Iterator[Recorded]:
    """The passages as one voice says them, with the time at which the last sentence starts."""
    os.environ["VOICEMILL_ENGINE"] = engine
    texts = _paragraphs(count)
    rows = pd.DataFrame({"id": [f"p{number}" for number in range(len(texts))], "text": texts})
    with tempfile.TemporaryDirectory() as folder:
        result = voicemill.run(rows, folder, voice=voice, sample_rate=RATE_HZ, timestamps=True, check="off")
        words = pd.read_parquet(Path(folder) / "words.parquet")
        for row_id, path, text in zip(rows["id"], result.items["audio_path"], texts, strict=True):
            samples = np.concatenate([*decode(Path(path), RATE_HZ)])
            starts = words[words["id"] == row_id]["start_s"]
            last = min(len(text[: _last_sentence(text)].split()), len(starts) - 1)
            yield Recorded(row_id, samples, text, float(starts.iloc[last]))


def _recordings() -> Iterator[Recorded]:
    folder = _SHARED / "speech"
    table = pd.read_csv(folder / "transcripts.csv", dtype=str)
    for name, transcript in zip(table["file_name"].tolist(), table["transcript"].tolist(), strict=True):
        if name not in _TUNED_RECORDINGS:
            samples = np.concatenate([*decode(folder / name, RATE_HZ)])
            yield Recorded(name, samples, transcript)


def _measured(clips: list[Recorded], pool: CheckPool, each: int) -> dict[str, Any]:
    """How many of each fault were found, and the seconds of audio that were checked."""
    started_s, jobs = time.monotonic(), []
    with ThreadPoolExecutor(pool.size) as threads:
        for number, clip in enumerate(clips):
            for fault, samples in injected(clips, number, each).items():
                jobs.append((fault, clip, samples, threads.submit(_check, samples, clip.text, pool)))
    bad: dict[str, list[bool]] = defaultdict(list)
    for fault, clip, _, job in jobs:
        verdict = job.result()
        bad[fault].append(verdict.state is State.BAD)
        if (fault == "none") == (verdict.state is State.BAD):
            logger.info("  wrong: %s, %s: %s", clip.name, fault, [*verdict.findings][:2])
    logger.info("%d clips in %.0f s", len(jobs), time.monotonic() - started_s)
    audio_s = sum(samples.size for _, _, samples, _ in jobs) / RATE_HZ
    return {"audio_s": round(audio_s, 1), **{name: [sum(found), len(found)] for name, found in bad.items()}}


def _check(samples: "np.ndarray[tuple[int], np.dtype[np.float32]]", text: str, pool: CheckPool) -> Verdict:
    return guided_verdict(samples, RATE_HZ, text, "en", pool)


def _cpu_s() -> float:
    """CPU time of this process and of the workers that ended; live workers count when the pool is closed."""
    used = [getrusage(who) for who in (RUSAGE_SELF, RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _print(cpu_s: object, counts: dict[str, dict[str, object]]) -> None:
    for name, count in counts.items():
        shown = {fault: f"{found[0]}/{found[1]}" for fault, found in count.items() if isinstance(found, list)}
        logger.info("%-14s %s", name, shown)
    logger.info("%s CPU s per hour of audio", cpu_s)


if __name__ == "__main__":
    main()
