"""How good a backbone is: the shared backbone, and one module per family of downstream tasks."""
