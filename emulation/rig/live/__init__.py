"""A real Discord server that a stack on this machine serves, through Discord's Gateway."""
