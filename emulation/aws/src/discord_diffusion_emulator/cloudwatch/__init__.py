"""CloudWatch: when an alarm changes its state, and what it then carries out."""
