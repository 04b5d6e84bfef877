"""Fields that the forms with audio in both directions share."""

from typing import Final

from pydantic import ValidationError

from voicemill.engine.engine import Engine
from voicemill.engine.refusals import bad_request
from voicemill.engine.routes.requests import what_is_wrong
from voicemill.engine.routes.uploads import Form
from voicemill.engine.schemas.speech import OutputFormat
from voicemill.engine.voices.voice import EngineVoice
from voicemill.model.audio_formats import AudioFormat

FORMAT_FIELDS: Final = {
    "output_format[container]": "text!",
    "output_format[sample_rate]": "text!",
    "output_format[encoding]": "text",
    "output_format[bit_rate]": "text",
}
"""The fields of the output format, for the API description."""


def form_format(form: Form) -> AudioFormat:
    """The `output_format[...]` fields. Raises `Refusal` (400) that names the invalid one."""
    names = ("container", "sample_rate", "encoding", "bit_rate")
    sent = {name: value for name in names if (value := form.text(f"output_format[{name}]"))}
    try:
        return OutputFormat.model_validate(sent).format()
    except ValidationError as error:
        raise bad_request(f"output_format: {what_is_wrong(error)}") from None
    except ValueError as error:
        raise bad_request(f"output_format.{error}.") from None


def form_voice(form: Form, engine: Engine, field: str) -> EngineVoice:
    """The voice in a field. Raises `Refusal` (400) if it is unknown, or a backend's voice that can only speak."""
    voice_id = form.text(field)
    if voice_id is None:
        raise bad_request(f"{field}: Field required. GET /voices lists the voices.")
    voice = engine.catalogue.find(voice_id)
    if voice is None:
        raise bad_request(f"There is no voice {voice_id!r}; GET /voices lists them.", "voice_not_found")
    if voice.timbre.backend:
        raise bad_request(f"{voice.name!r} is a {voice.timbre.backend} voice, which can only speak.")
    return voice
