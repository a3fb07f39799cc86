"""Discord's protocol: interactions and responses, commands, and the HTTP API. Nothing of AWS."""
