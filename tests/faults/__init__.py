"""What must hold when a run is cut short at any instant."""
