"""Which prompts are refused: text made comparable, and patterns of bounded cost. Pure."""
