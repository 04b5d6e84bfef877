"""The job that analyses a speaker."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from voicemill.engine.refusals import bad_request
from voicemill.engine.voice_analysis.matching import timbre_like
from voicemill.engine.voice_analysis.measures import NoVoice, measure
from voicemill.engine.voices.timbre import timbre_from
from voicemill.engine.worker.tts import synthesizers
from voicemill.engine.worker.uploads import clip
from voicemill.processes.frames import Frame

LONGEST_S: Final = 300.0


def clone(job: dict[str, Any]) -> Iterator[Frame]:
    """One frame with the timbre of the clip's speaker."""
    samples = clip(Path(job["clip"]), "clip", LONGEST_S)
    try:
        recording = measure(samples)
    except NoVoice as error:
        raise bad_request(f"clip: {error}.") from None
    timbre = timbre_like(recording, timbre_from(job["base"]), job["mode"], synthesizers)
    yield Frame({"timbre": asdict(timbre)}, b"")
