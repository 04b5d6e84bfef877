"""From rows to calls: splitting long text, what is paid already, and what the rest will cost."""
