"""What is made of words and their times: segments, subtitles, the files that hold them, and doubts about them."""
