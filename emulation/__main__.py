"""`python -m emulation`: the command line of the rig."""

import sys

INTERRUPTED = 130
"""The exit status after Ctrl-C, as a shell gives it: 128 and the number of SIGINT."""

try:
    from emulation.rig.cli.main import main

    main()
except KeyboardInterrupt:
    sys.exit(INTERRUPTED)
