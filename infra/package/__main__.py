"""`python -m infra.package`: build the Lambda package."""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from infra.package import archive, bytecode, contents
from infra.package.wheels import ARCHITECTURES, PackageError, install

_ROOT = Path(__file__).resolve().parents[2]
_LOCK = Path(__file__).with_name("requirements.lock")


def build(
    out: Path, python_version: str, architecture: str, interpreter: Path | None = None
) -> str:
    """Write the package to `out` and return its SHA-256.

    With an interpreter of that version it holds byte code too.

    Raises:
        PackageError: a wheel can't be had, or the interpreter is of another version.
    """
    source = _ROOT / "src"
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder)
        install(_LOCK, target, python_version, architecture)
        for path in contents.module_files(source):
            (target / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / path, target / path)
        if interpreter:
            bytecode.compile_modules(target, interpreter, python_version)
        return archive.write(out, target)


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
