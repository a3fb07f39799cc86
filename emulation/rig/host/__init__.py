"""A stack in processes on this machine."""
