"""The command, the service, and the figures of campaigns."""

from tests.faults.conftest import report
from tests.flows.conftest import brisk, service, voicemill

__all__ = ["brisk", "report", "service", "voicemill"]
