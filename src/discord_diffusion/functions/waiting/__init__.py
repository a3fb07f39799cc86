"""The Lambda `waiting`: notifies the users of queued jobs."""
