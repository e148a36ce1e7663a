"""Experiments: from stored cells to a figure and a page per question; `writing.write_experiment` starts here."""
