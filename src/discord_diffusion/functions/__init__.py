"""The four Lambdas: one package each, whose `handler.py` Lambda calls, and what they share."""
