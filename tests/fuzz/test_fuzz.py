"""The engine with invalid requests and files: no 500, and no worker dies or leaks memory."""

import asyncio
import io
import json
import os
import struct
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.audio.frame import AudioFrame

from tests.engine.local import needs_local
from tests.engine.requests import client, recognized, speech
from tests.fuzz import audio_campaign
from tests.fuzz.broken_audio import MUTATIONS, broken_files
from voicemill.audio.decode import UndecodableAudio, decode_all
from voicemill.engine.app import create_app
from voicemill.engine.choice import EngineChoice
from voicemill.engine.settings import EngineSettings

FIGURES = Path(__file__).with_name("figures.json")
SHARE = float(os.environ.get("FUZZ", "1"))
FILES, REQUESTS_EACH, SEED = round(SHARE * 10_000), round(SHARE * 300), 2026
LONGEST_ANSWER_S = 30.0
MOST_WORKER_BYTES = 1 << 30

pytestmark = pytest.mark.xdist_group("fuzz")


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """An engine whose workers must answer within the limit."""
    app = engine(tmp_path_factory.mktemp("fuzz"))
    yield app
    asyncio.run(app.state.engine.close())


def engine(folder: Path, *, name: EngineChoice = "small", workers: int = 2) -> Any:
    """A new engine."""
    store, timeout_s = folder / "voices.sqlite", LONGEST_ANSWER_S
    return create_app(EngineSettings(engine=name, workers=workers, request_timeout_s=timeout_s, user_voices=store))


def publish(name: str, figures: dict[str, Any]) -> None:
    """Write the figures next to those of the other campaign."""
    published = json.loads(FIGURES.read_text()) if FIGURES.exists() else {}
    FIGURES.write_text(json.dumps(published | {name: figures}, indent=2, sort_keys=True) + "\n")


def assert_healthy(figures: audio_campaign.Figures) -> None:
    """Assert that nothing failed, died, hung or leaked memory."""
    assert figures.failures == []
    assert figures.worker_deaths == 0
    assert figures.longest_answer_s < LONGEST_ANSWER_S
    assert figures.worker_peak_bytes < MOST_WORKER_BYTES
    assert (
        figures.answers[200] > figures.answers.total() / 20
    )  # some are still valid speech, so the whole job was executed
    assert figures.answers[400] > figures.answers.total() / 20


async def test_some_broken_files(app: Any) -> None:
    """Broken files of every container are accepted or refused by every endpoint, and the worker stays healthy."""
    assert_healthy(await audio_campaign.run_campaign(app, 22, seed=1, every=3))


@needs_local
async def test_some_broken_files_with_the_local_engine(tmp_path: Path) -> None:
    """Whisper transcribes or refuses broken files, and no worker dies."""
    assert_no_failure(await local_campaign(tmp_path, 2, 1, workers=1))


async def local_campaign(folder: Path, files: int, seed: int, *turns: str, workers: int = 2) -> audio_campaign.Figures:
    """The campaign against a new local engine; without `turns`, its files go to all endpoints."""
    app = engine(folder, name="local", workers=workers)
    figures = await audio_campaign.run_campaign(app, files, seed, turns or audio_campaign.EVENLY)
    await app.state.engine.close()
    return figures


def assert_no_failure(figures: audio_campaign.Figures) -> None:
    """Assert that every file got a 200 or a 4xx, and that no worker died or used more than the limit."""
    assert figures.failures == []
    assert figures.worker_deaths == 0
    assert figures.worker_peak_bytes < MOST_WORKER_BYTES


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_some_requests(tmp_path: Path) -> None:
    """Responses to generated requests conform to the OpenAPI document; each client shuts its engine down."""
    from tests.fuzz import schema_campaign  # its import of Schemathesis takes half a second of CPU

    figures = schema_campaign.run_campaign(engine(tmp_path), 3, first_seed=1)
    assert {200, 400, 404} <= figures.answers.keys()


async def test_tiny_sample_rate_is_refused(app: Any) -> None:
    """A file of 30 kB that claims 1 Hz, and so four hours, is refused at once; real sample rates are decoded."""
    async with client(app) as api:
        wav = bytearray(await speech(api, "To be."))
        struct.pack_into("<I", wav, 24, 1)
        status, said = await recognized(api, bytes(wav))
    assert (status, "its sample rate of 1 Hz is not that of a recording" in said) == (400, True)
    for rate_hz, decodes in ((999, False), (1000, True), (768_000, True), (768_001, False)):
        struct.pack_into("<I", wav, 24, rate_hz)
        with nullcontext() if decodes else pytest.raises(UndecodableAudio):
            decode_all(io.BytesIO(wav), 16_000)


def test_tags_in_another_encoding_do_no_harm() -> None:
    """A title that is not valid UTF-8, as written by old programs, does not prevent decoding."""
    file = io.BytesIO()
    with av.open(file, "w", format="wav") as container:
        container.metadata["title"] = "Xitle"
        stream: Any = container.add_stream("pcm_s16le", rate=16_000, layout="mono")
        frame = AudioFrame.from_ndarray(np.ones((1, 1600), np.float32), "flt", "mono")
        frame.sample_rate = 16_000
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    tagged = file.getvalue().replace(b"Xitle", b"\xffitle")
    assert b"\xffitle" in tagged
    assert decode_all(io.BytesIO(tagged), 16_000).size == 1600


def test_broken_files_are_the_same_for_the_same_seed() -> None:
    """The same seed gives the same files, files differ by number and seed, and every mutation occurs."""
    whole = {"a": bytes(range(256)) * 8, "b": b"RIFF" * 300}

    def first(seed: int, count: int) -> list[bytes]:
        return [broken.content for broken, _ in zip(broken_files(whole, seed), range(count), strict=False)]

    assert first(1, 50) == first(1, 50)
    assert first(1, 50) != first(2, 50)
    assert next(broken_files(whole, 1, first=30)).content == first(1, 31)[30]
    done = {name for broken, _ in zip(broken_files(whole, 1), range(200), strict=False) for name in broken.mutations}
    assert done == {*MUTATIONS, "spliced"}


@pytest.mark.fuzz
@pytest.mark.timeout(7200)
async def test_all_broken_files(app: Any) -> None:
    """Ten thousand broken files, or the fraction given by `make fuzz FUZZ=0.1`."""
    figures = await audio_campaign.run_campaign(app, FILES, SEED)
    publish("audio", figures.published())
    assert_healthy(figures)


@pytest.mark.fuzz
@pytest.mark.timeout(7200)
@needs_local
async def test_broken_files_with_the_local_engine(tmp_path: Path) -> None:
    """As many files for the local engine, a twentieth of them for all of its endpoints: about an hour of one core."""
    some = await local_campaign(tmp_path, FILES // 20, 1)
    rest = await local_campaign(tmp_path, FILES - FILES // 20, SEED, *audio_campaign.WITHOUT_WHISPER)
    for name, figures in (("audio_local", some), ("audio_local_without_whisper", rest)):
        publish(name, figures.published())
        assert_no_failure(figures)
        assert {200, 400} <= figures.answers.keys()


@pytest.mark.fuzz
@pytest.mark.timeout(7200)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_many_requests(tmp_path: Path) -> None:
    """Hundreds of generated requests to every path conform to the document."""
    from tests.fuzz import schema_campaign

    publish("requests", schema_campaign.run_campaign(engine(tmp_path), REQUESTS_EACH, SEED).published())
