"""Tests of segments, subtitles and quality flags, made from words and their times."""
