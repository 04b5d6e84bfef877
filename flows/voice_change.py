"""The flow that gives recordings another voice."""

from flows.operation import flow_of
from voicemill.model import Op

voice_change = flow_of(Op.VOICE_CHANGE, "Give every recording of a manifest or a folder another voice.", "voice_change")
