"""What was said: requests and answers as plain data. Pure."""
