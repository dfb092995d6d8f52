"""Campaign file and workspace file: what a person has decided, checked."""
