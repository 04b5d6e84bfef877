"""Checks of `tts`, `stt`, `voice_changer`, `infill` and the service status."""

import re
from itertools import pairwise
from pathlib import Path

import numpy as np

from benchmarks.recognizer import read
from tests.engine.measures import level_db, pitch_hz
from tests.sdks.checks.register import check
from tests.sdks.checks.seeing import columns, in_order, loud_enough, plain_words, same_words
from tests.sdks.evidence import Audio, Evidence

_RATE_HZ = 16_000
_SEMITONES = {None: 0.0, "curiosity:high": 1.5}


@check("api_status.get")
def up(evidence: Evidence) -> None:
    """The service reports that it is up, and a version in the form of a date."""
    facts = evidence.facts("api_status.get")
    assert facts["ok"] is True
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", facts["version"])


@check("tts.bytes")
def formats(evidence: Evidence) -> None:
    """Each container has the requested format and is not silent."""
    wav, mp3 = evidence.audio("tts.bytes/wav"), evidence.audio("tts.bytes/mp3")
    assert (wav.container, wav.codec, wav.sample_rate_hz, wav.channels) == ("wav", "pcm_s16le", 24000, 1)
    assert (mp3.container, mp3.codec, mp3.sample_rate_hz, mp3.channels) == ("mp3", "mp3float", 44100, 1)
    raw = evidence.raw("tts.bytes/raw")
    for samples in (wav.samples, mp3.samples, raw):
        loud_enough(samples)
    for duration_s in (mp3.duration_s, raw.size / 44100):
        assert abs(duration_s - wav.duration_s) < 0.1


@check("tts.bytes")
def true_sizes(evidence: Evidence) -> None:
    """The header of a WAV file has the correct size."""
    content = Path(evidence.facts("tts.bytes/wav")["audio"]).read_bytes()
    assert int.from_bytes(content[4:8], "little") == len(content) - 8


@check("tts.bytes")
def words(evidence: Evidence) -> None:
    """The words are recognized in the audio."""
    same_words(evidence.task["sentence"], evidence.said("tts.bytes/wav"), 0.35)


@check("tts.sse")
def pieces(evidence: Evidence) -> None:
    """The chunks joined equal the samples of `tts.bytes`, and a final event follows."""
    events = evidence.facts("tts.sse")["events"]
    assert np.array_equal(evidence.raw("tts.sse"), evidence.raw("tts.bytes/raw"))
    assert [event["type"] for event in events].count("chunk") > 3
    assert [event["done"] for event in events] == [False] * (len(events) - 1) + [True]
    assert events[-1]["type"] == "done"
    assert {event["status_code"] for event in events} == {206}
    assert {event["context_id"] for event in events} == {"context 1"}


@check("tts.sse")
def word_times(evidence: Evidence) -> None:
    """Each word of the text has a timestamp, in order and inside the audio; non-ASCII letters are intact."""
    for step, text in (("tts.sse", "sentence"), ("tts.sse/french", "french")):
        stamps = [event["word_timestamps"] for event in evidence.facts(step)["events"] if event["type"] == "timestamps"]
        times = [time for event in stamps for time in columns(event, "words")]
        assert [time["text"].lower().strip(".,") for time in times] == plain_words(evidence.task[text])
        in_order(times, evidence.raw(step).size / 44100)


@check("tts.sse")
def phoneme_times(evidence: Evidence) -> None:
    """Phonemes have timestamps, and there are more of them than words."""
    stamps = [
        event["phoneme_timestamps"]
        for event in evidence.facts("tts.sse/phonemes")["events"]
        if event["type"] == "phoneme_timestamps"
    ]
    times = [time for event in stamps for time in columns(event, "phonemes")]
    assert len(times) > 1.5 * len(plain_words(evidence.task["sentence"]))
    in_order(times, evidence.raw("tts.sse/phonemes").size / 44100)


@check("tts.sse")
def no_empty_chunks(evidence: Evidence) -> None:
    """The French stream is as audible as the English one."""
    loud_enough(evidence.raw("tts.sse/french"))


@check("stt.transcribe")
def text_and_times(evidence: Evidence) -> None:
    """The words of the clip are transcribed with ordered times inside it, and with its duration."""
    facts, clip = evidence.facts("stt.transcribe"), _clip(evidence, "clip")
    same_words(evidence.task["short"], facts["text"], 0.35)
    assert [word["word"] for word in facts["words"]] == facts["text"].split()
    in_order(facts["words"], facts["duration"])
    assert abs(facts["duration"] - clip.size / _RATE_HZ) < 0.02
    assert facts["language"] == "en"


@check("stt.transcribe")
def headerless(evidence: Evidence) -> None:
    """Raw samples are transcribed with encoding and rate from the query; timestamps are returned only on request."""
    facts = evidence.facts("stt.transcribe/headerless")
    same_words(evidence.task["short"], facts["text"], 0.35)
    size = Path(evidence.task["headerless"]).stat().st_size
    assert abs(facts["duration"] - size / 2 / _RATE_HZ) < 0.02
    assert facts.get("words") is None


@check("voice_changer.bytes")
def another_voice(evidence: Evidence) -> None:
    """Converted audio has the clip's duration and words and another pitch."""
    audio, clip = evidence.audio("voice_changer.bytes"), _clip(evidence, "clip")
    _is_wav(audio)
    assert abs(audio.duration_s - clip.size / _RATE_HZ) < 0.05
    assert abs(pitch_hz(audio.samples, 24000) / pitch_hz(clip, _RATE_HZ) - 1) > 0.1
    same_words(evidence.task["short"], evidence.said("voice_changer.bytes"), 0.5)


@check("voice_changer.sse")
def every_container(evidence: Evidence) -> None:
    """A WAV stream equals the file of `bytes`; MP3 and raw streams have the requested format and the same duration."""
    whole = Path(evidence.facts("voice_changer.bytes")["audio"]).read_bytes()
    assert Path(evidence.facts("voice_changer.sse")["audio"]).read_bytes() == whole
    mp3, raw = evidence.audio("voice_changer.sse/mp3"), evidence.raw("voice_changer.sse/raw")
    assert (mp3.codec, mp3.sample_rate_hz) == ("mp3float", 44100)
    duration_s = evidence.audio("voice_changer.sse").duration_s
    for samples in (mp3.samples, raw):
        loud_enough(samples)
        assert abs(samples.size / 44100 - duration_s) < 0.1


@check("voice_changer.sse")
def changer_events(evidence: Evidence) -> None:
    """Chunks have status 206; the last event has status 200."""
    for step in ("voice_changer.sse", "voice_changer.sse/mp3", "voice_changer.sse/raw"):
        *chunks, last = evidence.facts(step)["events"]
        assert chunks
        assert {(event["type"], event["status_code"], event["done"]) for event in chunks} == {("chunk", 206, False)}
        assert all(event["step_time"] >= 0 for event in chunks)
        assert (last["type"], last["status_code"], last["done"]) == ("done", 200, True)


@check("infill.bytes")
def fits_its_neighbors(evidence: Evidence) -> None:
    """Infill matches the pitch and loudness of its surroundings, plus the pitch change of the requested emotion."""
    audio, emotion = evidence.audio("infill.bytes"), evidence.facts("infill.bytes").get("emotion")
    _is_wav(audio)
    assert 0.7 < audio.duration_s < 5
    around = [_clip(evidence, side) for side in ("left", "right")]
    pitch = np.exp(np.mean([np.log(pitch_hz(side, _RATE_HZ)) for side in around]))
    raised = 2 ** (_SEMITONES[emotion] / 12)
    assert abs(pitch_hz(audio.samples, 24000) / (pitch * raised) - 1) < 0.09
    assert abs(level_db(audio.samples) - np.mean([level_db(side) for side in around])) < 4


@check("infill.bytes")
def says_the_middle(evidence: Evidence) -> None:
    """With its neighbors around it, the infill's words are recognized in their place."""
    same_words(evidence.task["middle"], evidence.said("infill.bytes"), 0.5)


@check("infill.bytes")
def joins(evidence: Evidence) -> None:
    """The infill joins the left and the right side without a step."""
    audio = evidence.audio("infill.bytes")
    steps = [abs(float(after - before)) for before, after in pairwise(audio.samples)]
    left, right = _clip(evidence, "left"), _clip(evidence, "right")
    assert abs(audio.samples[0] - left[-1]) < max(steps)
    assert abs(audio.samples[-1] - right[0]) < max(steps)


def _is_wav(audio: Audio) -> None:
    assert (audio.container, audio.codec, audio.sample_rate_hz, audio.channels) == ("wav", "pcm_s16le", 24000, 1)
    loud_enough(audio.samples)


def _clip(evidence: Evidence, name: str) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return read(Path(evidence.task[name]))
