"""One process of Terraform's AWS provider for many runs of Terraform against an emulator.

Terraform starts a provider anew for each command, and the start of the AWS provider costs more
processor time than most commands do. An environment variable makes Terraform use a provider that
runs already: https://developer.hashicorp.com/terraform/plugin/debugging

Each run of Terraform configures the process anew, so only one run at a time may use it. It reads
settings and credentials of AWS from its own environment, not from that of the run that uses it. By
default it gets none of them. It is never used against AWS.

`python -m toolchain.shared_provider PROGRAM` runs PROGRAM until standard input ends: that happens
when the process that started it ends, for whatever reason.
"""

import ctypes
import ipaddress
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from toolchain.errors import SetupError
from toolchain.layout import Layout
from toolchain.terraform import LAZY_COLLECTOR, REATTACH_VARIABLE

_ENDPOINT = "AWS_ENDPOINT_URL"
_PR_SET_PDEATHSIG = 1


def reaches_only_this_machine(environment: Mapping[str, str]) -> bool:
    """Whether a provider with this environment calls an emulator on this machine, not AWS.

    https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
    """
    addresses = [value for name, value in environment.items() if name.startswith(_ENDPOINT)]
    ignored = environment.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() == "true"
    return _ENDPOINT in environment and not ignored and all(map(_is_loopback, addresses))


def _is_loopback(address: str) -> bool:
    host = urlsplit(address).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@contextmanager
def shared_provider(
    layout: Layout,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> Iterator[dict[str, str]]:
    """Start the provider; yields the environment variable with which Terraform uses it.

    `environment` is the provider's whole environment, with settings of AWS. Without it the provider
    gets this process's, less those of AWS; and if this process has been handed a provider already,
    none is started and nothing is yielded. Unless it says otherwise, Go's garbage collector is as
    lazy as Terraform's. Paths that a module gives the provider count from `folder`, by default the
    checkout, and not from the module's folder.

    Raises:
        SetupError: the provider is not set up, would call AWS, or ended before it could be reached.
    """
    if environment is None:
        if REATTACH_VARIABLE in os.environ:
            yield {}
            return
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("AWS_")
        }
    elif not reaches_only_this_machine(environment):
        raise SetupError(f"a provider is shared only if {_ENDPOINT} is an emulator's, on loopback")
    command = [sys.executable, "-m", __name__, str(_program(layout.terraform_data))]
    with subprocess.Popen(
        command,
        cwd=folder or layout.root,
        env={**LAZY_COLLECTOR, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        # An interrupt of the terminal is for the run of Terraform, which still needs the provider.
        start_new_session=True,
    ) as process:
        assert process.stdin  # noqa: S101 - a pipe, above
        assert process.stdout  # noqa: S101 - a pipe, above
        try:
            yield {REATTACH_VARIABLE: _address(process.stdout)}
        finally:
            process.stdin.close()
            process.stdout.close()
            process.wait()


def _program(data: Path) -> Path:
    found = sorted((data / "providers").glob("*/hashicorp/aws/*/*/terraform-provider-aws*"))
    if not found:
        raise SetupError("Terraform's AWS provider is not set up: run `make setup`")
    return found[-1].resolve()


def _address(lines: Iterator[str]) -> str:
    for line in lines:
        name, _, value = line.strip().partition("=")
        if name == REATTACH_VARIABLE:
            return value.strip("'")
    raise SetupError("Terraform's AWS provider ended before it could be reached")


def main() -> int:
    """Run the provider until standard input ends; its exit status."""
    # Whoever ends this process, and not the one that started it, ends the provider, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with subprocess.Popen(
        [*sys.argv[1:], "-debug"], stdin=subprocess.DEVNULL, preexec_fn=_end_with_parent
    ) as provider:
        try:
            sys.stdin.read()
        finally:
            provider.kill()
    return 0


def _end_with_parent() -> None:
    """On Linux, end this process with its parent, also after SIGKILL."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
