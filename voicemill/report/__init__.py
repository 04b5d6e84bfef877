"""What a person reads: progress, summaries, tables on a terminal."""
