"""Files on disk: answers, outputs, tables, and the results folder that holds them."""
