"""Text processing: segments, subtitles, transcript files and quality flags."""
