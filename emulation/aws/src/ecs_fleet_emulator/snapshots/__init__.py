"""Snapshots: the emulator's whole state in a file, from which another emulator starts.

pickling.py    the pickle format, with names in place of addresses that differ between emulators
containers.py  where services keep their state: stores, moto's backends, objects of S3, metrics
resumption.py  what acts by itself, and has to be started again
snapshot.py    saves and restores
endpoints.py   the HTTP endpoint that saves, and the restoration while an emulator starts
"""
