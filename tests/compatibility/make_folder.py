"""Make `results_folder.tar.xz`: results folders of an earlier version, to test that this version continues them.

Run it with the Python of a checkout's own environment, so that its `voicemill` command is beside it:

    git worktree add /tmp/earlier 56a6860 && make -C /tmp/earlier setup
    cd tests/compatibility
    /tmp/earlier/.venv/bin/python make_folder.py /tmp/earlier results_folder.tar.xz

The archive in the repository was made with commit 56a6860, the last one before packages and modules were renamed. It
holds manifests, inputs, a profile and two results folders: `book` with every operation, and `texts` from a folder of
text files. Nothing here imports voicemill: the script only runs the command, as a user would.
"""

import csv
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import wave
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.int16]

RATE_HZ = 8000
PROFILE = f"""\
[defaults]
sample_rate = {RATE_HZ}

[long_text]
max_characters_per_call = 60

[long_audio]
stt_call_s = 30
voice_change_call_s = 10
"""
COLUMNS = (
    "id",
    "op",
    "transcript",
    "text_file",
    "audio",
    "left_audio",
    "right_audio",
    "from_s",
    "to_s",
    "voice",
    "model",
    "language",
    "container",
    "encoding",
    "bit_rate",
    "speed",
    "emotion",
    "timestamps",
    "output_format",
    "splice",
    "out",
    "chapter",
)
LONG_TEXT = (
    "Chapter One\n\nThe ship left the harbour. Nobody saw it go, and nobody waved.\n\n* * *\n\nThen it was dark."
)
BOOK = [
    {"id": "single", "transcript": "The lamp is lit."},
    {"id": "long", "transcript": LONG_TEXT, "chapter": "1", "out": "book/{chapter:03d} {id}"},
    {"id": "mp3", "transcript": "The door is open.", "container": "mp3", "bit_rate": "32000"},
    {"id": "raw", "transcript": "Good night.", "container": "raw", "encoding": "pcm_alaw"},
    {"id": "float", "transcript": "Good day.", "encoding": "pcm_f32le"},
    {"id": "words", "transcript": "One two three.", "timestamps": "true", "output_format": "srt,json"},
    {"id": "sonic-3", "transcript": "Quick now.", "model": "sonic-3", "speed": "1.2", "emotion": "calm"},
    {"id": "sonic-2", "transcript": "Slow now.", "speed": "slow", "emotion": "positivity:high,curiosity"},
    {"id": "German", "transcript": "Guten Abend.", "language": "de"},
    {"id": "from-file", "text_file": "inputs/short.txt", "voice": "James"},
    {
        "id": "transcribed",
        "op": "stt",
        "audio": "inputs/talk.wav",
        "transcript": "The wind turned the mill.",
        "output_format": "txt,json,srt,vtt,tsv",
    },
    {"id": "transcribed-in-parts", "op": "stt", "audio": "inputs/pause.flac"},
    {"id": "silent", "op": "stt", "audio": "inputs/silence.wav"},
    {"id": "converted", "op": "voice_change", "audio": "inputs/talk.wav", "voice": "Sarah"},
    {"id": "converted-in-parts", "op": "voice_change", "audio": "inputs/pause.flac", "voice": "Sarah"},
    {"id": "film", "op": "voice_change", "audio": "inputs/film.mp4", "voice": "Sarah"},
    {"id": "no-speech", "op": "voice_change", "audio": "inputs/silence.wav", "voice": "Sarah"},
    {"id": "gap", "op": "infill", "audio": "inputs/talk.wav", "from_s": "0.4", "to_s": "0.9", "transcript": "the rain"},
    {
        "id": "passage",
        "op": "infill",
        "audio": "inputs/talk.wav",
        "from_s": "0.4",
        "to_s": "0.9",
        "transcript": "the snow",
        "splice": "false",
    },
    {
        "id": "between",
        "op": "infill",
        "left_audio": "inputs/talk.wav",
        "right_audio": "inputs/pause.flac",
        "transcript": "And then.",
    },
    {"id": "chain-transcribed", "op": "stt", "audio": "@chain-converted"},
    {"id": "chain-converted", "op": "voice_change", "audio": "@chain-spoken", "voice": "Sarah"},
    {"id": "chain-spoken", "transcript": "Good morning everyone."},
    {"id": "chain-again", "text_file": "@chain-transcribed"},
    {
        "id": "chain-patched",
        "op": "infill",
        "audio": "@chain-spoken",
        "from_s": "0.2",
        "to_s": "0.5",
        "transcript": "oh",
    },
    {"id": "nothing-to-say", "text_file": "@silent"},
    {"id": "gap-after-end", "op": "infill", "audio": "@single", "from_s": "50", "to_s": "60", "transcript": "late"},
    {"id": "upstream-refused", "op": "stt", "audio": "@no-speech"},
]


def main() -> None:
    """Make the archive. Arguments: a checkout with its environment, and the archive's path."""
    checkout, archive = Path(sys.argv[1]), Path(sys.argv[2]).absolute()
    with tempfile.TemporaryDirectory(prefix="voicemill-compatibility-") as place:
        folder = Path(place, "made")
        folder.mkdir()
        make(folder, checkout)
        pack(folder, archive)
    sys.stdout.write(f"{archive}: {archive.stat().st_size} bytes\n")


def make(folder: Path, checkout: Path) -> None:
    """Inputs, manifests and results, below `folder`."""
    (folder / "profile.toml").write_text(PROFILE)
    make_inputs(folder)
    write_manifest(folder / "book.csv", BOOK)
    (folder / "texts").mkdir()
    (folder / "texts/one.txt").write_text("First text.\n")
    (folder / "texts/two.txt").write_text("Second text.\n")
    (folder / "texts/empty.txt").write_text("")
    summaries = {
        "book": run(folder, "run", "book.csv", "-o", "results/book"),
        "texts": run(folder, "run", "texts", "--op", "tts", "-o", "results/texts"),
    }
    commit = subprocess.run(["git", "-C", checkout, "rev-parse", "HEAD"], capture_output=True, text=True, check=True)
    made = {"commit": commit.stdout.strip(), "summaries": summaries}
    (folder / "made.json").write_text(json.dumps(made, indent=2) + "\n")


def make_inputs(folder: Path) -> None:
    """Input recordings, generated by the engine: short ones, a long pause, a video and silence."""
    spoken = [{"id": "talk", "transcript": "The wind turned the mill."}, {"id": "more", "transcript": "It was light."}]
    write_manifest(folder / "spoken.csv", spoken)
    run(folder, "run", "spoken.csv", "-o", "spoken")
    inputs = folder / "inputs"
    inputs.mkdir()
    talk, more = (read_wav(folder / f"spoken/audio/{name}.wav") for name in ("talk", "more"))
    silence = np.zeros(RATE_HZ, np.int16)
    write_wav(inputs / "talk.wav", talk)
    write_wav(inputs / "silence.wav", silence)
    write_media(inputs / "pause.flac", np.concatenate([talk, np.tile(silence, 32), more]))
    write_media(inputs / "film.mp4", talk, pictures=8)
    (inputs / "short.txt").write_text("Read from a file.\n")
    for path in sorted((folder / "spoken").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    (folder / "spoken").rmdir()
    (folder / "spoken.csv").unlink()


def write_manifest(path: Path, rows: list[dict[str, str]]) -> None:
    """A CSV manifest with all columns."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="")
        writer.writeheader()
        writer.writerows(rows)


def run(folder: Path, *arguments: str) -> dict[str, object]:
    """The summary of a run by the checkout's command, with the embedded engine and a separate Prefect server."""
    outside = ("CARTESIA_", "PREFECT_", "VOICEMILL_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(outside)}
    environment |= {"PREFECT_HOME": str(folder.with_name("prefect")), "VOICEMILL_PREFECT_IDLE_S": "0"}
    command = [str(Path(sys.executable).with_name("voicemill")), *arguments, "--profile", "profile.toml", "--json"]
    ended = subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True)
    if ended.returncode not in (0, 3):  # 3: rows were refused
        raise SystemExit(f"{command} ended with {ended.returncode}")
    summary: dict[str, object] = json.loads(ended.stdout)
    return summary


def read_wav(path: Path) -> Samples:
    """The samples of a mono WAV file with 16 bits a sample."""
    with wave.open(str(path)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), np.int16)


def write_wav(path: Path, samples: Samples) -> None:
    """`samples` as a mono WAV file."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(samples.tobytes())


def write_media(path: Path, samples: Samples, pictures: int = 0) -> None:
    """`samples` in the container given by the extension of `path`, with `pictures` video frames at 4 fps."""
    with av.open(path, "w") as container:
        audio = container.add_stream("aac" if pictures else "flac", rate=RATE_HZ)
        audio.layout = "mono"
        if pictures:
            video = container.add_stream("mpeg4", rate=4, width=32, height=32)
            video.pix_fmt = "yuv420p"
            for number in range(pictures):
                picture = av.VideoFrame.from_ndarray(np.full((32, 32, 3), 30 * number, np.uint8), format="rgb24")
                container.mux(video.encode(picture))
            container.mux(video.encode(None))
        frame = av.AudioFrame.from_ndarray(samples[None], format="s16", layout="mono")
        frame.rate = RATE_HZ
        container.mux(audio.encode(frame))
        container.mux(audio.encode(None))


def pack(folder: Path, archive: Path) -> None:
    """Write everything below `folder` into `archive`, without owners and locks, which would name this machine."""

    def anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
        if Path(member.name).name == "lock":
            return None
        member.uid = member.gid = 0
        member.uname = member.gname = ""
        return member

    with tarfile.open(archive, "w:xz", preset=9) as packed:
        for path in sorted(folder.iterdir()):
            packed.add(path, path.name, filter=anonymous)


if __name__ == "__main__":
    main()
