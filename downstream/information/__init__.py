"""How much views and representations know of each other, in nats: estimators, and their errors where truth is known."""
