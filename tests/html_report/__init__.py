"""Tests of the HTML report: its data, its findings, and the page in a browser."""
