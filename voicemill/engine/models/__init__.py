"""Model weights: where they come from, how they are verified, and where they are kept."""
