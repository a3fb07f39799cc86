"""A stand-in for Discord: its HTTP API, its rules for interactions, and a control API beside it."""
