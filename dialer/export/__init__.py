"""What is written for people: the results CSV and the report."""
