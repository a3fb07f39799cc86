"""Parsers of request bodies by Discord's rules, with Discord's errors."""
