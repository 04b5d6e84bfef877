"""Voice conversion of human recordings: what stays the same (duration, words) and what changes (pitch, timbre).

    python -m benchmarks.voice_change [folder of recordings with a transcripts.csv]

Words are recognised by pocketsphinx, which is independent of the engine's voices. Pitch is measured by WORLD; timbre is
the mean distance of the voiced spectrum in 176 mel bands, after normalizing the level.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.recogniser import transcribe, word_error_rate
from benchmarks.recordings import SPEECH, human_recordings, run
from voicemill.audio.decode import decode_all
from voicemill.engine.voice_analysis.measures import RATE_HZ, VoiceMeasures, measure

VOICES = ("Sarah", "James")


def main(folder: Path) -> None:
    """Print a line per recording and voice, then the totals."""
    spoken = human_recordings(folder)
    before = {one.path: _facts(one.path) for one in spoken}
    said, transcripts_before, transcripts_after, off = [], [], [], []
    with tempfile.TemporaryDirectory() as work:
        rows = [
            {"id": f"{one.path.stem}-{voice}", "audio": str(one.path.absolute()), "voice": voice}
            for one in spoken
            for voice in VOICES
        ]
        items = run(rows, Path(work), "--op", "voice_change")
        print(f"{'recording':22} {'voice':6} {'length':>8} {'words wrong':>16} {'pitch in Hz':>14} {'timbre':>8}")
        for one in spoken:
            transcript, length_s, old = before[one.path]
            for voice in VOICES:
                again, new_s, new = _facts(items[f"{one.path.stem}-{voice}"]["path"])
                timbre_db = float(np.abs(new.bands_db - old.bands_db).mean())
                off.append(abs(new_s / length_s - 1))
                said.append(one.text)
                transcripts_before.append(transcript)
                transcripts_after.append(again)
                wrong = f"{word_error_rate(one.text, transcript):.0%} to {word_error_rate(one.text, again):.0%}"
                pitch = f"{old.f0_hz:.0f} to {new.f0_hz:.0f}"
                print(f"{one.path.stem:22.22} {voice:6} {off[-1]:8.3%} {wrong:>16} {pitch:>14} {timbre_db:5.1f} dB")
    total = " ".join(said)
    rates = [word_error_rate(total, " ".join(transcript)) for transcript in (transcripts_before, transcripts_after)]
    print(f"length off by {max(off):.3%} at most; words wrong {rates[0]:.1%} before, {rates[1]:.1%} after")


def _facts(path: Path) -> tuple[str, float, VoiceMeasures]:
    """The transcript, the duration in seconds, and the voice."""
    samples = decode_all(path, RATE_HZ)
    return transcribe(path), samples.size / RATE_HZ, measure(samples)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else SPEECH)
