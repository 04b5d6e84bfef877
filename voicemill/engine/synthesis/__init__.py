"""From text to samples: synthesizers and the processing that gives each voice its sound."""
