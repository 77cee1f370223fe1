"""The comparison that is run, and the result of each test. Pure."""
