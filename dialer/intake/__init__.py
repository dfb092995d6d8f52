"""From the file of recipients to judged rows."""
