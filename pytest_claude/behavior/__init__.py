"""What the model did, as far as a test may rely on it. Pure."""
