"""Books: importing them, and the folders that imports write."""
