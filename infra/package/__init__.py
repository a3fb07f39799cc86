"""Build the zip of the Lambda handlers, byte for byte the same from the same sources."""
