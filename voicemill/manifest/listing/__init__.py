"""Sources that are no tables: a folder, a glob, a list of paths, or one file; each file becomes a row."""

from voicemill.manifest.listing.kinds import is_listing, source_name
from voicemill.manifest.listing.listing import Listing, open_listing

__all__ = ["Listing", "is_listing", "open_listing", "source_name"]
