"""Tests of storage: durable files, answers, output files, tables."""
