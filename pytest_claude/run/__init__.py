"""What a run is and what each test came to: pure data, between the gate and the reports."""
