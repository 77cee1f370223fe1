"""Is the difference real, and is it worse? Which trials are needed to say so? Pure."""
