"""What the README quotes, each re-runnable by one command."""
