"""The report: one page that holds every table, figure and sentence, and where each number comes from."""
