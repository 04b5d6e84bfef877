"""The benchmarks behind the figures in the documentation. Each runs with one command."""
