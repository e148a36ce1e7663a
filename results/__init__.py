"""What the numbers say: reading cells, tables, figures."""
