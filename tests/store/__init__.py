"""What is kept on disk: names, durable writes, answers, tables."""
