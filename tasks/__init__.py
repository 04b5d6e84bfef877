"""Prefect tasks: the steps of a run that Prefect names and shows."""
