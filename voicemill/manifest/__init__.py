"""Reading manifests, and checking every row before anything is paid for."""

from voicemill.manifest.check import ManifestCheck
from voicemill.manifest.listing import is_listing, source_name
from voicemill.manifest.voices import VoiceBook

__all__ = ["ManifestCheck", "VoiceBook", "is_listing", "source_name"]
