"""One module for each format of an export: its records → spans or calls."""
