"""Child processes that handle one request at a time, to isolate the effects of untrusted files."""
