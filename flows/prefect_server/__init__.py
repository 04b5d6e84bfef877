"""The Prefect server that runs share: settings, launch, file locks, supervision."""
