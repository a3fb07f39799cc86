"""Interactions: built from what a user does, delivered to the application, and its responses."""
