"""The tests: one package per product package, plus packages by kind of test."""
