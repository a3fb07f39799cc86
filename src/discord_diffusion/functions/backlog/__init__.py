"""The Lambda `backlog`: measures the queue and the fleet, once or several times a minute."""
