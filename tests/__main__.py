"""`python -m tests [ARGUMENTS OF PYTEST]`: tests that need no engine; all of them in lanes."""

import sys

from tests import selection, suite
from toolchain.layout import Layout


def main() -> int:
    """Run them; return pytest's last status."""
    root = Layout.of_this_checkout().root
    if sys.argv[1:]:
        return suite.run_pytest(root, sys.argv[1:], {})
    return suite.run(root, (), selection.of_host(root), {})


if __name__ == "__main__":
    sys.exit(main())
