"""`python -m emulation`: the command line of the rig."""

from emulation.cli import main

main()
