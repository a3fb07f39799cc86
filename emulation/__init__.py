"""The local rig: AWS, Discord and the fleet on one machine."""
