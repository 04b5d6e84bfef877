"""The voices: data, and where they are kept."""
