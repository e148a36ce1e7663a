"""What a few seeds can say: intervals, exact paired tests, ranks, agreement, and all of it in words."""
