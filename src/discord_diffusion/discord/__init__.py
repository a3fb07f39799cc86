"""Discord's contract, and nothing of AWS."""
