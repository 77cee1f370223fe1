"""What a bump, or a comparison with an earlier run, adds to a run of claude tests."""
