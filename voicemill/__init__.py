"""voicemill: the bulk speech pipeline, from a manifest to speech and tables."""

from importlib.metadata import version

__version__ = version("voicemill")
