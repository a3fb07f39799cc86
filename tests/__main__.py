"""`python -m tests`: what needs no engine, in lanes; with `unit`, what is run on each save.

With `stack`, what `unit` leaves out; with `integration`, what needs an emulator of AWS, which
`make test-integration EMULATOR=localemu` chooses.

`python -m tests ARGUMENTS OF PYTEST` runs what they say, one test after another.
"""

import os
import sys

from tests import reaper, selection, suite
from toolchain.layout import Layout

_MOST_AT_A_TIME = 4
"""Unit tests at a time, on a machine with more processors too."""


def main() -> int:
    """Run them; return pytest's status."""
    root = Layout.of_this_checkout().root
    match sys.argv[1:]:
        case []:
            return suite.run(root, (), selection.of_host(root), {})
        case ["unit"]:
            at_a_time = min(2 * (os.cpu_count() or 1), _MOST_AT_A_TIME)
            return suite.run(root, (), selection.of_unit(root), {}, at_a_time=at_a_time)
        case ["stack"]:
            return suite.run(root, (), selection.of_stack(root), {})
        case ["integration"]:
            return suite.run(root, (), selection.of_integration(root), {})
        case words:
            return suite.run_pytest(root, words, {})


if __name__ == "__main__":
    sys.exit(reaper.run_alone(main))
