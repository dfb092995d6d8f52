"""What is said of the results and in the report."""
