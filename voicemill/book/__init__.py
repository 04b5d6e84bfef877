"""From a book to a manifest, and from the results to a finished audiobook."""
