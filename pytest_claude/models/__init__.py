"""Facts, rules and prices of Claude models: their ids, and the requests that they refuse. Pure."""
