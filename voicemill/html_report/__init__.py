"""The HTML report of a results folder: one page that opens from disk, without a server or a network."""
