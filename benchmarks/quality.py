"""How many injected faults the checks of words find, and how often they are wrong about good audio.

    python -m benchmarks.quality [--passages 81] [--faults 3] [--transcribed-every 9] [--cache build/quality]

The passages are all paragraphs of two sentences or more of the second half of Alice's Adventures in Wonderland in three
voices, and recordings of people. Thresholds of `guided` were set on paragraphs of its first half and of Moby-Dick in
the same voices, and on two other recordings. Every passage is checked as it is, and with some of the faults in turn.
`transcribed` uses Whisper base, on every ninth passage, as it is and garbled; 0 keeps its earlier figures.

One process does everything. Speech and verdicts are kept in the cache, so a run that was stopped resumes.
"""

import argparse
import hashlib
import json
import logging
import math
import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import voicemill
from benchmarks.quality_faults import FAULTS, RATE_HZ, Recorded, injected
from voicemill.audio.decode import decode
from voicemill.engine.recognition.whisper import Whisper
from voicemill.model import Finding, State, Verdict, Word
from voicemill.quality.decoder import GuidedDecoder
from voicemill.quality.guided import guided_findings
from voicemill.quality.phonemes import sounds
from voicemill.quality.pool import CheckPool
from voicemill.quality.signals import signal_findings
from voicemill.quality.transcribed import transcription_findings
from voicemill.quality.units import units_of
from voicemill.quality.verdict import VERSION, guided_verdict, verdict_of

logger = logging.getLogger("benchmarks.quality")

_SHARED = Path(__file__).parents[2] / "shared"
_VOICES = (("small", "Sarah"), ("small", "James"), ("local", "Olivia"))
_TUNED_RECORDINGS = frozenset({"LJ001-0001.flac", "sense-0870.wav"})
_SENTENCE_END = (". ", "! ", "? ")
_TRANSCRIBED_FAULTS = ("garbled",)
_TRANSCRIBED_VERSION = "1"

Floats = NDArray[np.float32]
Counts = dict[str, Any]


class Judged(NamedTuple):
    """A verdict: whether it is bad, its first findings, the CPU time that it took, and the length of the audio."""

    is_bad: bool
    findings: list[dict[str, Any]]
    cpu_s: float
    audio_s: float


class Checker(CheckPool):
    """The checks of words in this process, so that their CPU time is that of this process."""

    def __init__(self) -> None:
        super().__init__(1)
        self._decoder = GuidedDecoder()

    def findings(self, samples: Floats, rate_hz: int, text: str, allowed: Sequence[str] = ()) -> tuple[Finding, ...]:
        """Decode the audio with the grammar of its text."""
        assert rate_hz == RATE_HZ
        return tuple(guided_findings(self._decoder, samples, units_of(text), frozenset(allowed)))

    def guided(self, samples: Floats, text: str) -> Verdict:
        """The verdict of `check = guided`."""
        return guided_verdict(samples, RATE_HZ, text, "en", self)

    def transcribed(self, samples: Floats, text: str) -> Verdict:
        """The verdict of `check = transcribed` with Whisper base."""
        found = [*signal_findings(samples, RATE_HZ, text)]
        if found:
            return verdict_of(found)
        level = 0.7 / max(float(np.abs(samples).max()), 1e-6)
        segments = [*self._whisper.transcribe([samples * np.float32(level)], "en")]
        words = [Word(*word) for segment in segments for word in segment.words]
        end_s = samples.size / RATE_HZ
        return verdict_of(transcription_findings(text, words, end_s, (), lambda words: sounds(words, "en")))

    @cached_property
    def _whisper(self) -> Whisper:
        return Whisper(device="cpu")


class Judgements:
    """Verdicts by what they depend on, in a file of JSON lines."""

    def __init__(self, path: Path) -> None:
        self._path = path
        lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        self._known = {key: Judged(*values) for key, values in map(json.loads, lines)}

    def of(self, check: Callable[[Floats, str], Verdict], version: str, samples: Floats, text: str) -> Judged:
        """The judgement of a check on a passage: the stored one, or a new one."""
        parts = [check.__name__, version, text, hashlib.sha256(samples.tobytes()).hexdigest()]
        key = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
        if key not in self._known:
            started_s = time.process_time()
            verdict = check(samples, text)
            cpu_s = round(time.process_time() - started_s, 4)
            findings = [{"reason": one.reason, "detail": one.detail} for one in verdict.findings[:2]]
            self._known[key] = Judged(verdict.state is State.BAD, findings, cpu_s, samples.size / RATE_HZ)
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps([key, self._known[key]]) + "\n")
        return self._known[key]


def main() -> None:
    """Measure, print the table, and write the figures."""
    options = _options()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    cache = options.cache.absolute()
    cache.mkdir(parents=True, exist_ok=True)
    figures_path = options.figures.absolute()
    groups = {f"{engine} {voice}": [*_spoken(engine, voice, options.passages, cache)] for engine, voice in _VOICES}
    groups["people"] = [*_recordings()]
    checker, judgements = Checker(), Judgements(cache / "verdicts.jsonl")
    checker.guided(
        groups["people"][0].samples, groups["people"][0].text
    )  # loads the model, which counts for no passage
    figures: Counts = json.loads(figures_path.read_text(encoding="utf-8")) if figures_path.is_file() else {}
    guided = {name: _guided(clips, options.faults, checker, judgements) for name, clips in groups.items()}
    figures["guided"] = _summed(guided)
    if options.transcribed_every:
        transcribed = {
            name: _transcribed(clips[:: options.transcribed_every], clips, checker, judgements)
            for name, clips in groups.items()
        }
        figures["transcribed"] = _summed(transcribed)
    figures_path.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    logger.info("%s", json.dumps(figures, indent=2))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--passages", type=int, default=81)
    parser.add_argument("--faults", type=int, default=3)
    parser.add_argument("--transcribed-every", type=int, default=9)
    parser.add_argument("--cache", type=Path, default=Path("build/quality"))
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


def _spoken(engine: str, voice: str, count: int, cache: Path) -> Iterator[Recorded]:
    """The passages as one voice says them, with the time at which the last sentence starts."""
    os.environ["VOICEMILL_ENGINE"] = engine
    texts, folder = _paragraphs(count), cache / f"{engine}-{voice}"
    rows = pd.DataFrame({"id": [f"p{number}" for number in range(len(texts))], "text": texts})
    result = voicemill.run(rows, folder, voice=voice, sample_rate=RATE_HZ, timestamps=True, check="off")
    words = pd.read_parquet(folder / "words.parquet")
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


def _guided(clips: list[Recorded], faults: int, checker: Checker, judgements: Judgements) -> dict[str, list[Judged]]:
    """The judgements of `guided` by fault, with `faults` of them for each clip; `none` are those of good audio."""
    found: dict[str, list[Judged]] = defaultdict(list)
    for number, clip in enumerate(clips):
        for fault, samples in injected(clips, number, faults).items():
            found[fault].append(judgements.of(checker.guided, VERSION, samples, clip.text))
            _log_if_wrong("guided", clip, fault, found[fault][-1])
    return found


def _transcribed(
    chosen: list[Recorded], clips: list[Recorded], checker: Checker, judgements: Judgements
) -> dict[str, list[Judged]]:
    """The judgements of `transcribed` on good and on garbled audio."""
    found: dict[str, list[Judged]] = defaultdict(list)
    for clip in chosen:
        faulty = {fault: FAULTS[fault](clip, clips[0]) for fault in _TRANSCRIBED_FAULTS}
        for fault, samples in {"none": clip.samples, **faulty}.items():
            found[fault].append(judgements.of(checker.transcribed, _TRANSCRIBED_VERSION, samples, clip.text))
            _log_if_wrong("transcribed", clip, fault, found[fault][-1])
    return found


def _log_if_wrong(check: str, clip: Recorded, fault: str, judged: Judged) -> None:
    if (fault == "none") == judged.is_bad:
        logger.info("  %s is wrong about %s, %s: %s", check, clip.name, fault, judged.findings)


def _summed(groups: dict[str, dict[str, list[Judged]]]) -> Counts:
    """How many were found bad of each fault in each group, and the CPU time."""
    judged = [one for faults in groups.values() for ones in faults.values() for one in ones]
    audio_s = sum(one.audio_s for one in judged)
    counts = {
        name: {fault: [sum(one.is_bad for one in ones), len(ones)] for fault, ones in faults.items()}
        for name, faults in groups.items()
    }
    found = [one.is_bad for faults in groups.values() for name in FAULTS for one in faults.get(name, ())]
    alarms = [one.is_bad for faults in groups.values() for one in faults["none"]]
    return {
        "faults_found": [sum(found), len(found)],
        "false_alarms": [sum(alarms), len(alarms)],
        "false_alarms_95_percent_interval": _interval(sum(alarms), len(alarms)),
        "audio_s": round(audio_s, 1),
        "cpu_s_per_audio_hour": round(sum(one.cpu_s for one in judged) / audio_s * 3600, 1),
        "groups": counts,
    }


def _interval(count: int, total: int) -> list[float]:
    """The 95 % Wilson interval of a share, in percent."""
    z, share = 1.96, count / total
    middle = share + z * z / (2 * total)
    half = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    return [round(100 * (middle + sign * half) / (1 + z * z / total), 1) for sign in (-1, 1)]


if __name__ == "__main__":
    main()
