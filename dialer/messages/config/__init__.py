"""What is wrong with a campaign file, with the files that it names, and with the key."""
