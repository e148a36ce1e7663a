"""Data sets that come with the harness."""
