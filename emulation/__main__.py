"""`python -m emulation`: the command line of the rig."""

from emulation.rig.cli.main import main

main()
