"""A folder of recordings like a real archive: many formats, copies, unusual names, and files that are not audio."""

import random
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
from numpy.typing import NDArray

from voicemill.audio.media_writer import Track

RATE_HZ: Final = 16_000
_CODECS: Final = {"wav": "pcm_s16le", "flac": "flac", "mp3": "mp3", "m4a": "aac", "ogg": "opus"}
_ODD_STEMS: Final = (
    "two  blanks", "Ünïcödé", "Unïcödé", "日本語", "quote'\"s", "{braces} {id}", "-dash", "com1", "a\nb", "🎙",
    "dot.", "per%cent", "$HOME", "x" * 120, "\u202eexe",
)  # fmt: skip
_SHARE_OF: Final = {"copy": 0.3, "empty": 0.03, "text": 0.03, "stub": 0.02, "cut": 0.03, "outside": 0.02, "gone": 0.01}

Samples = NDArray[np.float32]


class Archive:
    """Fills `folder`; `expected` maps the path of each file to `done` or to its refusal code."""

    def __init__(self, folder: Path, speech: Sequence[Samples], seed: int = 1) -> None:
        self.folder = folder
        self.expected: dict[str, str] = {}
        self._speech = speech
        self._dice = random.Random(seed)
        self._good: list[Path] = []
        self._made = 0

    def fill(self, files: int, long_s: float) -> None:
        """Make `count` files; one lasts `long_s` seconds and is silent except for one utterance."""
        self._long(long_s)
        for stem in _ODD_STEMS:
            self._recording(stem)
        kinds = [(kind, share) for kind, share in _SHARE_OF.items() for _ in range(round(share * files))]
        self._dice.shuffle(kinds)
        for kind, _ in kinds:
            _MAKERS[kind](self)
        while len(self.expected) < files:
            self._video() if self._dice.random() < 0.05 else self._recording()

    def _path(self, ending: str, expected: str, stem: str = "") -> Path:
        self._made += 1
        below = "/".join(f"box {self._dice.randrange(6)}" for _ in range(self._dice.randrange(3)))
        path = self.folder / below / f"{stem or f'tape-{self._made:05d}'}{ending}"
        path.parent.mkdir(parents=True, exist_ok=True)
        self.expected[path.relative_to(self.folder).as_posix()] = expected
        if expected == "done":
            self._good.append(path)
        return path

    def _recording(self, stem: str = "") -> Path:
        container = self._dice.choice(list(_CODECS))
        path = self._path(f".{container}", "done", stem)
        samples = self._dice.choice(self._speech)
        with path.open("wb") as file, Track(file, container, _CODECS[container], RATE_HZ) as track:
            track.write(np.round(samples[:, None] * 32767).astype(np.int16))
        return path

    def _long(self, seconds: float) -> None:
        silence = np.zeros((RATE_HZ * 10, 1), np.int16)
        with self._path(".flac", "done", "long").open("wb") as file, Track(file, "flac", "flac", RATE_HZ) as track:
            for tenth in range(int(seconds // 10)):
                track.write(silence)
                if tenth == int(seconds // 20):
                    track.write(np.round(self._speech[0][:, None] * 32767).astype(np.int16))

    def _video(self) -> None:
        sound = self._dice.choice(self._speech)
        with av.open(str(self._path(".mp4", "done")), "w") as container:
            picture: Any = container.add_stream("mpeg4", rate=5)
            picture.width, picture.height, picture.pix_fmt = 32, 32, "yuv420p"
            track: Any = container.add_stream("aac", rate=RATE_HZ, layout="mono")
            for number in range(1 + 5 * sound.size // RATE_HZ):
                shown = av.VideoFrame.from_ndarray(np.full((32, 32, 3), number % 250, np.uint8), "rgb24")
                shown.pts, shown.time_base = number, Fraction(1, 5)
                container.mux(picture.encode(shown))
            container.mux(picture.encode(None))
            audio_frame = av.AudioFrame.from_ndarray(sound[None, :], "flt", "mono")
            audio_frame.sample_rate, audio_frame.pts, audio_frame.time_base = RATE_HZ, 0, Fraction(1, RATE_HZ)
            container.mux(track.encode(audio_frame))
            container.mux(track.encode(None))

    def _copy(self) -> None:
        original = self._dice.choice(self._good)
        self._path(original.suffix, "done").write_bytes(original.read_bytes())

    def _empty(self) -> None:
        self._path(".wav", "empty_file").touch()

    def _text(self) -> None:
        self._path(".wav", "not_audio").write_text("Minutes of the meeting.\n" * 20)

    def _stub(self) -> None:
        self._path(".mp3", "not_audio").write_bytes(b"ID3\x04\x00\x00")

    def _cut(self) -> None:
        """A recording without its second half, like an interrupted copy."""
        path = self._path(".mp3", "done")
        with path.open("wb") as file, Track(file, "mp3", "mp3", RATE_HZ) as track:
            track.write(np.round(self._dice.choice(self._speech)[:, None] * 32767).astype(np.int16))
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    def _outside(self) -> None:
        self._path(".wav", "link_outside").symlink_to("/etc/passwd")

    def _gone(self) -> None:
        self._path(".wav", "missing").symlink_to("nowhere.wav")


_MAKERS: Final[dict[str, Callable[[Archive], None]]] = {
    "copy": Archive._copy,
    "empty": Archive._empty,
    "text": Archive._text,
    "stub": Archive._stub,
    "cut": Archive._cut,
    "outside": Archive._outside,
    "gone": Archive._gone,
}
