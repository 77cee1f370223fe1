"""Data → text. Returns lines; prints nothing and opens no file."""
