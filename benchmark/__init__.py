"""How a run happens: command line, config, plan, cells, pretraining, views, data."""
