"""The figures: one module each, one look for all of them."""
