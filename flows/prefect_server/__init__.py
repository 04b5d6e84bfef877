"""The Prefect server that runs share: its settings, launch, lease and supervision."""
