"""Books: importing them, the folders that imports write, and mastering."""
