"""The body of `tts/bytes` and `tts/sse`, and the job for a worker that it becomes."""

from dataclasses import asdict
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from voicemill.engine.synthesis.controls import SPEED_FACTORS, delivery, experimental_rate
from voicemill.engine.synthesis.takes import MOST_TAKES
from voicemill.model.audio_formats import DEFAULT_BIT_RATE_BPS, AudioFormat

LONGEST_DURATION_S = 86_400.0

ExperimentalSpeed = Annotated[float, Field(ge=-1.0, le=1.0)] | Literal["slowest", "slow", "normal", "fast", "fastest"]


class ExperimentalControls(BaseModel):
    """`__experimental_controls` of a voice."""

    speed: ExperimentalSpeed | None = None
    emotion: list[str] = []


class VoiceSpecifier(BaseModel):
    """The voice, by id or by embedding, and its controls."""

    model_config = ConfigDict(populate_by_name=True)

    mode: Literal["id", "embedding"] = "id"
    id: str | None = None
    embedding: list[float] | None = None
    controls: ExperimentalControls = Field(default_factory=ExperimentalControls, alias="__experimental_controls")


class GenerationConfig(BaseModel):
    """Controls of the newer models; here they work with every model."""

    volume: float = Field(default=1.0, ge=0.5, le=2.0)
    speed: float = Field(default=1.0, ge=0.6, le=1.5)
    emotion: str | None = None


class OutputFormat(BaseModel):
    """The wire's `output_format`."""

    container: Literal["raw", "wav", "mp3"]
    sample_rate: int
    encoding: str | None = None
    bit_rate: int | None = None

    def format(self) -> AudioFormat:
        """The audio format. Fields that the container does not use are ignored, because the SDKs send some.

        Raises `ValueError` that names the invalid field.
        """
        if self.container == "mp3":
            return AudioFormat("mp3", self.sample_rate, bit_rate_bps=self.bit_rate or DEFAULT_BIT_RATE_BPS)
        return AudioFormat(self.container, self.sample_rate, self.encoding)  # type: ignore[arg-type]


class SpeechRequest(BaseModel):
    """The text, the voice, the controls and the output format."""

    model_config = ConfigDict(protected_namespaces=())

    model_id: str
    transcript: str
    voice: VoiceSpecifier
    output_format: OutputFormat
    language: str | None = None
    generation_config: GenerationConfig | None = None
    duration: float | None = Field(default=None, gt=0, le=LONGEST_DURATION_S)
    speed: Literal["slow", "normal", "fast"] | None = None
    take: int | None = Field(default=None, ge=0, le=MOST_TAKES)

    @field_validator("voice", mode="before")
    @classmethod
    def _plain_id(cls, voice: Any) -> Any:  # noqa: ANN401 - unverified input
        """The newest SDKs send only the id."""
        return {"id": voice} if isinstance(voice, str) else voice

    def job(self) -> dict[str, Any]:
        """The part of a worker's job that does not depend on the voice."""
        job = {"transcript": self.transcript, "delivery": self.controls(), "duration_s": self.duration}
        return job | ({"take": self.take} if self.take else {})

    def controls(self) -> dict[str, float]:
        """The delivery that results from all controls together."""
        config = self.generation_config or GenerationConfig()
        experimental = self.voice.controls
        rates = [config.speed, SPEED_FACTORS[self.speed or "normal"]]
        if experimental.speed is not None:
            rates.append(experimental_rate(experimental.speed))
        emotions = [*experimental.emotion, *([config.emotion] if config.emotion else [])]
        return asdict(delivery(rates=rates, volume=config.volume, emotions=emotions))


class StreamedSpeechRequest(SpeechRequest):
    """The body of `tts/sse`, with the timestamps to include."""

    add_timestamps: bool = False
    add_phoneme_timestamps: bool = False
    context_id: str | None = None
