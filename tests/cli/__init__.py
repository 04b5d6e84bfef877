"""The command line: help, options, exit codes and output of each command."""
