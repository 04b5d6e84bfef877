"""The broken audio campaign: sends every file to an endpoint that accepts files and records the outcome."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import httpx

from benchmarks.engine_server import peak_bytes
from tests.engine.requests import SARAH, client, speech
from tests.engine.test_recognition import CONTAINERS, contained
from tests.fuzz.broken_audio import Broken, broken_files

TEXT = "To be."
_FORMAT = {
    "output_format[container]": "wav",
    "output_format[sample_rate]": "8000",
    "output_format[encoding]": "pcm_s16le",
}
_INFILL = _FORMAT | {"model_id": "sonic-2", "transcript": "Or.", "voice_id": SARAH}
ENDPOINTS: dict[str, tuple[str, dict[str, str]]] = {
    "/stt": ("file", {"model": "ink-whisper"}),
    "/stt?encoding=pcm_f16le&sample_rate=44100": ("file", {"model": "ink-whisper"}),
    "/voice-changer/bytes": ("clip", _FORMAT | {"voice[id]": SARAH}),
    "/voice-changer/sse": ("clip", _FORMAT | {"voice[id]": SARAH}),
    "/infill/bytes": ("left_audio", _INFILL),
    "/voices/clone": ("clip", {"name": "n", "language": "en"}),
}
EVENLY = tuple(ENDPOINTS)
"""The endpoints in turn."""
WITHOUT_WHISPER = ("/voice-changer/bytes", "/voice-changer/sse", "/infill/bytes")
"""The endpoints of the local engine that answer in a tenth of a second. The others take seconds for a readable file."""


@dataclass
class Figures:
    """The outcome of a campaign."""

    answers: Counter[int] = field(default_factory=Counter)
    by_endpoint: dict[str, Counter[int]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    longest_answer_s: float = 0.0
    worker_peak_bytes: int = 0
    worker_deaths: int = 0

    def published(self) -> dict[str, Any]:
        """The figures as they are committed."""
        return {
            "cases": self.answers.total(),
            "answers": {str(status): count for status, count in sorted(self.answers.items())},
            "by_endpoint": {
                path: {str(status): count for status, count in sorted(answers.items())}
                for path, answers in self.by_endpoint.items()
            },
            "failures": len(self.failures),
            "worker_deaths": self.worker_deaths,
            "longest_answer_s": round(self.longest_answer_s, 1),
            "worker_peak_mib": self.worker_peak_bytes >> 20,
        }


async def run_campaign(app: Any, cases: int, seed: int, turns: Sequence[str] = EVENLY, every: int = 1) -> Figures:
    """Send `cases` broken files to the endpoints of `turns`, two at a time; a status but 200 and 4xx is a failure.

    With `every` 3, only every third file is sent, so that few files reach all endpoints.
    """
    figures = Figures()
    async with client(app, version="2026-08-14") as api:
        files = islice(broken_files(await whole_files(api), seed), 0, cases * every, every)
        watch = asyncio.create_task(_watch_memory(app, figures))
        await asyncio.gather(*(_send_all(app, api, files, figures, turns) for _ in range(2)))
        watch.cancel()
    return figures


async def whole_files(api: httpx.AsyncClient) -> dict[str, bytes]:
    """A short recording in every container that the API accepts, and as raw samples."""
    wav = await speech(api, TEXT)
    samples = {"raw": await speech(api, TEXT, output_format={"container": "raw"} | _RAW)}
    return {name: contained(wav, *how) for name, how in CONTAINERS.items()} | samples


_RAW = {"sample_rate": 44100, "encoding": "pcm_f32le"}


async def _send_all(
    app: Any, api: httpx.AsyncClient, files: Iterator[Broken], figures: Figures, turns: Sequence[str]
) -> None:
    for broken in files:
        path = turns[broken.number // len(CONTAINERS) % len(turns)]
        name, form = ENDPOINTS[path]
        before, begun = set(app.state.engine.workers.pids), time.monotonic()
        response = await api.post(path, files={name: ("blob", broken.content)}, data=form)
        figures.longest_answer_s = max(figures.longest_answer_s, time.monotonic() - begun)
        figures.answers[response.status_code] += 1
        figures.by_endpoint.setdefault(path, Counter())[response.status_code] += 1
        figures.worker_deaths += len(before - set(app.state.engine.workers.pids))
        if not (response.status_code == 200 or 400 <= response.status_code < 500) or b'"error"' in response.content:
            told = f"{response.status_code} {response.text[:300]}"
            figures.failures.append(f"{path} {broken.number} {broken.container} {broken.mutations}: {told}")


async def _watch_memory(app: Any, figures: Figures) -> None:
    """The peak memory of any worker, as the kernel reports it."""
    while True:
        for pid in app.state.engine.workers.pids:
            figures.worker_peak_bytes = max(figures.worker_peak_bytes, peak_bytes(pid))
        await asyncio.sleep(0.2)
