"""What is wrong with files of recipients and do-not-call lists, and with their rows."""
