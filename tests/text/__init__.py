"""Segments, subtitles and doubts: what is made of words and their times."""
