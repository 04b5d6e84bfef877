"""The flow that mends recordings with new speech."""

from flows.operation import flow_of
from voicemill.model import Op

infill = flow_of(Op.INFILL, "Fill the gaps of a manifest's recordings with new speech.", "infill")
