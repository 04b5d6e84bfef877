"""From text to samples: the synthesizers, each in a process of its own, and what makes one voice of many."""
