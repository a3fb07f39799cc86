"""The Lambda package: one zip for all functions, byte for byte the same from the same sources."""
