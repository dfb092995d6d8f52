"""What the commands print: what a person reads of the values of operations."""
