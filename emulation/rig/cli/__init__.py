"""The rig's command line, `python -m emulation`: a module for each group of commands."""
