"""The tables: what they say, and how each format writes it."""
