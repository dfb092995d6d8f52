"""What the operations say: a module for each command, and for what several of them do."""
