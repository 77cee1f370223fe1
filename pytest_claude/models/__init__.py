"""What is known of the models: their ids and the requests they refuse. Pure."""
