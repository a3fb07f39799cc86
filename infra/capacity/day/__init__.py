"""A day of a deployment, simulated event by event: arrivals, queue, fleet and a scaling policy.

Several policies meet the very same arrivals; nothing depends on anything but the seed.
"""
