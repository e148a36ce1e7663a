"""What is compared: one file per objective, its maths as pure functions."""
