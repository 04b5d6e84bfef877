"""What Prefect schedules, retries, names and shows."""
