"""The shape of a run, one flow a file, and the command line that starts them."""
