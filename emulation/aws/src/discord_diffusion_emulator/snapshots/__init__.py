"""Snapshots: the emulator's whole state in a file, from which another emulator starts.

addresses.py   addresses that differ from one emulator to the next
pickling.py    the pickle format, with names in place of those addresses
containers.py  where services keep their state: stores, moto's backends, objects of S3, metrics
schedules.py   what acts by itself, and has to be started again
snapshot.py    saves and restores
endpoints.py   the HTTP endpoint that saves
"""
