"""Record once, replay offline: the edge that touches cassettes, vcrpy and the HTTP transports."""
