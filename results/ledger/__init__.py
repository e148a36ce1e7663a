"""What papers print (`results/published/`), the protocols of both sides, and what can be claimed."""
