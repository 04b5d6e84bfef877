"""What hostile names, hostile texts and a curious reader of logs and databases must not achieve."""
