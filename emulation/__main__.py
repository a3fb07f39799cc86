"""`python -m emulation`: the command line of the rig."""

from emulation.rig.cli import main

main()
