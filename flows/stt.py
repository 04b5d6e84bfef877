"""The flow that writes down what is said in recordings."""

from flows.operation import flow_of
from voicemill.model import Op

stt = flow_of(Op.STT, "Transcribe every recording of a manifest or a folder.", "stt")
