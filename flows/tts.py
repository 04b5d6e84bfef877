"""The flow that turns a manifest of transcripts into speech."""

from flows.operation import flow_of
from voicemill.model import Op

tts = flow_of(Op.TTS, "Speak every row of a manifest.", "tts")
