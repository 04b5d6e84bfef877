"""Planning: split long text, derive the calls of each row, and estimate what is not paid yet."""
