"""Sources other than tables: a folder, a glob, a list of paths, or one file; each file becomes a row."""

from voicemill.manifest.sources.listing import Listing, open_listing
from voicemill.manifest.sources.source_kinds import is_listing, missing_source, source_name

__all__ = ["Listing", "is_listing", "missing_source", "open_listing", "source_name"]
