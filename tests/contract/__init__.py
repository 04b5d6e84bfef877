"""One client, one set of promises: the embedded engine in this process, and the same engine served over HTTP."""
