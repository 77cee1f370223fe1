"""Recording at scale: estimate, limits of the account, batches, progress."""
