"""What the page in the browser shows, and what it starts: the values behind `dialer serve`."""
