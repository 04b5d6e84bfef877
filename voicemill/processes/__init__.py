"""Child processes that are asked one question at a time: what strangers' files do to them ends there."""
