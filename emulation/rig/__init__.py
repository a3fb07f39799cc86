"""The rig: the emulator, the stand-in and workers on one machine, and the command line for them."""
