"""Folders of recordings with odd names, copies, other files, and links that lead out."""

import os
from pathlib import Path

import numpy as np

from voicemill.audio.encode import Encoder
from voicemill.model.audio_formats import AudioFormat

RATE_HZ = 8000


def recording(path: Path, seconds: float = 0.25, pitch_hz: float = 220.0, container: str = "wav") -> Path:
    """A tone in a file; equal arguments give equal bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    moments = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    format = (
        AudioFormat("mp3", RATE_HZ, bit_rate_bps=32000)
        if container == "mp3"
        else AudioFormat("wav", RATE_HZ, "pcm_s16le")
    )
    with path.open("wb+") as file, Encoder(file, format, RATE_HZ) as encoder:
        encoder.write((0.3 * np.sin(2 * np.pi * pitch_hz * moments)).astype(np.float32))
    return path


def odd_archive(folder: Path) -> Path:
    """A folder with one example of each known problem."""
    recording(folder / "talk.wav")
    recording(folder / "sub" / "a.wav", pitch_hz=300)
    recording(folder / "sub" / "a.mp3", pitch_hz=400, container="mp3")
    (folder / "copy.wav").write_bytes((folder / "talk.wav").read_bytes())
    (folder / "nameless").write_bytes((folder / "talk.wav").read_bytes())
    (folder / "zero.wav").touch()
    (folder / "text.wav").write_text("this is a text\n")
    (folder / "cut.mp3").write_bytes((folder / "sub" / "a.mp3").read_bytes()[:20])
    (folder / "notes.md").write_text("# Notes")
    recording(folder / ".hidden" / "b.wav")
    recording(folder / "results" / "old.wav")
    (folder / "results" / ".voicemill").mkdir()
    (folder / "inside.wav").symlink_to("talk.wav")
    (folder / "outside.wav").symlink_to("/etc/passwd")
    (folder / "elsewhere").symlink_to("/tmp")
    (folder / "dangling.wav").symlink_to("nowhere")
    os.mkfifo(folder / "pipe.wav")
    recording(folder / "{x} {id}'.wav")
    recording(folder / "CON.wav")
    recording(folder / "new\nline.wav")
    recording(Path(os.fsdecode(bytes(folder) + b"/not-utf8-\xff.wav")))
    return folder


REFUSED = {
    "cut.mp3": "not_audio",
    "dangling.wav": "missing",
    "elsewhere": "link_outside",
    "not-utf8-\\udcff.wav": "bad_name",
    "outside.wav": "link_outside",
    "pipe.wav": "not_a_file",
    "text.wav": "not_audio",
    "zero.wav": "empty_file",
}
"""The files of `odd_archive` that cannot be worked on, and why."""

GOOD = {
    "CON.wav": "con-wav-bedb296ef807c8ef",
    "copy.wav": "copy",
    "inside.wav": "inside",
    "nameless": "nameless",
    "new\\nline.wav": "new-line-wav-3f334df4baf09a4a",
    "sub/a.mp3": "sub/a.mp3",
    "sub/a.wav": "sub/a.wav",
    "talk.wav": "talk",
    "{x} {id}'.wav": "{x} {id}'",
}
"""Those that can, and the names of their outputs."""
