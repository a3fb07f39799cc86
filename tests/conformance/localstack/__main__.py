"""`python -m tests.conformance.localstack [SELECTION...]`: LocalStack's own tests on the emulator.

Their source is fetched first (environments.py); what is known to fail, and why, is in
selections.toml. Exit status: 0 if exactly that has failed, else 1.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ecs_fleet_emulator.launch import LOOPBACK, EmulatorConfig, command
from emulation.rig.loopback import choose_port
from emulation.rig.waiting import wait_until
from tests.conformance.localstack import environments, results
from toolchain.errors import ToolchainError
from toolchain.layout import Layout, python_of

SECONDS_PER_TEST = 120
START_SECONDS = 180.0
STOP_SECONDS = 30.0


def main() -> int:
    """Run the selections; the exit status."""
    known = results.selections()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("selections", nargs="*", help=f"of {', '.join(known)} (default: all)")
    names = parser.parse_args().selections or list(known)
    if unknown := [name for name in names if name not in known]:
        parser.error(f"{unknown[0]!r} is no selection; there are: {', '.join(known)}")
    layout = Layout.of_this_checkout()
    try:
        environments.set_up(layout)
    except ToolchainError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    good = [_run(layout, known[name]) for name in names]
    return int(not all(good))


def _run(layout: Layout, selection: results.Selection) -> bool:
    """Run a selection on an emulator of its own; whether it ended as is known."""
    build = layout.build / "localstack-tests"
    build.mkdir(parents=True, exist_ok=True)
    report, printed = build / f"{selection.name}.xml", build / f"{selection.name}.txt"
    report.unlink(missing_ok=True)
    with _emulator(layout, build / f"{selection.name}-emulator.txt") as address:
        _pytest(layout, selection, address, report, printed)
    if not report.exists():
        sys.stderr.write(f"{selection.name}: no test has run; see {printed}\n")
        return False
    found = results.read(report)
    differences = found.unexpected(selection)
    sys.stdout.write(
        f"{selection.name}: {len(found.passed)} passed, {len(found.failed)} failed,"
        f" {len(found.skipped)} skipped; see {printed}\n"
    )
    for text in differences:
        sys.stdout.write(f"  {text}\n")
    return not differences


@contextmanager
def _emulator(layout: Layout, log: Path) -> Iterator[str]:
    """An emulator, as host and port. Its folder is new, and removed at the end."""
    with tempfile.TemporaryDirectory(prefix="localstack-tests-") as state, log.open("wb") as file:
        config = EmulatorConfig(
            emulator_python=python_of(layout.emulator_environment()),
            lambda_pythons=environments.lambda_pythons(layout),
            port=choose_port(),
            state_dir=Path(state),
            variables={"ENABLE_CONFIG_UPDATES": "1"},
        )
        words, variables = command(config)
        process = subprocess.Popen(words, env=variables, stdout=file, stderr=file)

        def answers() -> bool:
            try:
                with urllib.request.urlopen(config.health_url, timeout=10) as response:
                    return bool(response.status == 200)
            except OSError:
                return False

        try:
            wait_until(answers, f"the emulator answers; its log: {log}", START_SECONDS)
            yield f"{LOOPBACK}:{config.port}"
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _pytest(
    layout: Layout, selection: results.Selection, address: str, report: Path, printed: Path
) -> None:
    root = environments.folder(layout)
    variables = {
        **{name: os.environ[name] for name in ("HOME", "PATH", "LANG") if name in os.environ},
        "GATEWAY_LISTEN": address,
        "LOCALSTACK_HOST": address,
        "TEST_SKIP_LOCALSTACK_START": "1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "DNS_ADDRESS": "0",
        "PYTHONPATH": str(environments.HERE),
    }
    words = [
        *(str(python_of(root / "environment")), "-m", "pytest", "-q", "-p", "gateway_plugin"),
        *("-p", "no:cacheprovider", f"--timeout={SECONDS_PER_TEST}", f"--junitxml={report}"),
        *selection.arguments,
    ]
    with printed.open("wb") as file:
        subprocess.run(
            words, cwd=root / "source", env=variables, stdout=file, stderr=file, check=False
        )


if __name__ == "__main__":
    sys.exit(main())
