"""`python3 -m toolchain`: set up what `make` needs, showing progress."""

import argparse
import os
import sys
import time

MINIMUM_PYTHON = (3, 11)
INTERRUPTED = 130
"""The exit status after Ctrl-C, as a shell gives it."""


def main() -> int:
    """Run the outdated steps of the set-up; return the exit status."""
    if sys.version_info < MINIMUM_PYTHON:
        wanted = ".".join(map(str, MINIMUM_PYTHON))
        sys.stderr.write(
            f"Python >= {wanted} is needed, this is {sys.version.split()[0]}."
            " Name another one: make PYTHON=/path/to/python3.11 ...\n"
        )
        return 2
    # Imported here: on an older Python these modules are a syntax error, without the message above.
    from toolchain.display import Display
    from toolchain.environments import TORCH_BUILDS
    from toolchain.errors import ToolchainError
    from toolchain.layout import LOCALEMU, LOCALSTACK, Layout
    from toolchain.setup import project_plan
    from toolchain.steps import one_at_a_time
    from toolchain.terminal import spell_out

    parser = argparse.ArgumentParser(prog="python3 -m toolchain", description=__doc__)
    parser.add_argument(
        "--torch",
        choices=TORCH_BUILDS,
        default=None,
        help="the build of torch; cuda takes gigabytes (default: the last one chosen, else cpu)",
    )
    parser.add_argument(
        "--emulator",
        choices=(LOCALSTACK, LOCALEMU),
        # An empty value of make's command line is none.
        default=os.environ.get("RIG_EMULATOR") or LOCALSTACK,
        help="the emulator of AWS that is set up; LocalStack always is (default: RIG_EMULATOR)",
    )
    spell_out()
    arguments = parser.parse_args()
    if arguments.emulator not in (LOCALSTACK, LOCALEMU):
        parser.error(f"EMULATOR={arguments.emulator}: {LOCALSTACK} and {LOCALEMU} are known")
    layout = Layout.of_this_checkout()
    chosen = layout.cache / "torch-build"
    build = arguments.torch or (chosen.read_text() if chosen.exists() else "cpu")
    started = time.monotonic()
    try:
        with one_at_a_time(layout.cache):
            plan = project_plan(layout, build, arguments.emulator)
            if plan.outdated():
                sys.stderr.write("Setting up, kept in .venv and .cache for the next time:\n")
            with Display() as display:
                done = plan.run(display)
            chosen.write_text(build)
    except (ToolchainError, OSError) as error:
        # Of the person's machine: a full disk, a folder that can't be written to.
        hint = "\nMend that, then run it again." if isinstance(error, OSError) else ""
        sys.stderr.write(f"\nSet-up stopped: {error}{hint}\n")
        return 1
    if done:
        sys.stderr.write(f"Set up in {time.monotonic() - started:.1f} s.\n")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
