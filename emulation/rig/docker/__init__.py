"""Target `docker`: the stack in containers, and what this machine can do."""
