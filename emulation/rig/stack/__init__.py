"""Start, look at and stop the rig's processes on one machine."""
