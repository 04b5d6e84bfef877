"""Reading manifests, and checking every row before anything is paid for."""

from voicemill.manifest.manifest_check import ManifestCheck
from voicemill.manifest.sources import is_listing, missing_source, source_name
from voicemill.manifest.voice_directory import VoiceDirectory

__all__ = ["ManifestCheck", "VoiceDirectory", "is_listing", "missing_source", "source_name"]
