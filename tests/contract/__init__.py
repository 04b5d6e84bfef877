"""The contract between client and service, tested with the embedded engine in this process and over HTTP."""
