"""What is kept on disk, and the only ways it gets there."""
