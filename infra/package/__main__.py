"""`python -m infra.package`: build the Lambda package."""

import argparse
import sys
from pathlib import Path

from infra.package.build import build
from infra.package.wheels import ARCHITECTURES, PackageError


def main() -> int:
    """Build as the command line says; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m infra.package", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("build/lambda.zip"))
    parser.add_argument("--python", default="3.13", help="version of the Lambda runtime")
    parser.add_argument(
        "--interpreter", type=Path, help="a CPython of that version, to compile with"
    )
    parser.add_argument("--architecture", choices=ARCHITECTURES, default="arm64")
    given = parser.parse_args()
    try:
        digest = build(given.out, given.python, given.architecture, given.interpreter)
    except PackageError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    size = given.out.stat().st_size / 1024
    sys.stdout.write(f"{given.out}  {size:.0f} KiB  sha256 {digest}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
