"""The processes that do the work, so that a crash in native code costs one call and never the server."""
