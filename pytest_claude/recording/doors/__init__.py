"""Every road to a model that leads through this process: answered, recorded or refused."""
