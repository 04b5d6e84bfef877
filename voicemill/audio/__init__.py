"""Audio as bytes and samples: formats, probing, joining, encoding."""
