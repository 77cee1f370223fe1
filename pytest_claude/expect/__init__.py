"""What a test states about the model's behavior, and what came of it. Pure."""
