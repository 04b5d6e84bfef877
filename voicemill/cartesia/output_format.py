"""What a question says about the audio that is wanted, as JSON and as fields of a form."""

from voicemill.audio.formats import AudioFormat


def output_format(audio_format: AudioFormat) -> dict[str, object]:
    """The wire's `output_format`: each container has its own fields and no others."""
    wanted: dict[str, object] = {"container": audio_format.container, "sample_rate": audio_format.sample_rate_hz}
    if audio_format.encoding:
        wanted["encoding"] = audio_format.encoding
    if audio_format.bit_rate_bps:
        wanted["bit_rate"] = audio_format.bit_rate_bps
    return wanted


def format_fields(audio_format: AudioFormat) -> list[tuple[str, str]]:
    """The same in a form."""
    return [(f"output_format[{name}]", str(value)) for name, value in output_format(audio_format).items()]
