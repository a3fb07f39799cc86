"""The Lambda `dead_letters`: ends jobs that failed too often."""
