"""Who may ask for how much: units, limits, and what a guild has decided. Pure."""
