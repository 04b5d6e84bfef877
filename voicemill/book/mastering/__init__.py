"""Master the results of a run: audio files, read-along books and packages that shops and players accept."""
