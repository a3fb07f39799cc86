"""The folder of one deployment: a copy of the root module, package, variables, state and log.

The module is copied so that a deployment does not share the working folder of the local rig's
Terraform, and so that each deployment has a backend of its own.
"""

import fcntl
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.deploy.errors import InputError

_NOT_COPIED = shutil.ignore_patterns(
    *(".terraform*", "*.tfstate*", "*.tfvars*", "*.py", "__pycache__"),
    *("capacity", "deploy", "package", "policy", "tests"),
)


@dataclass(frozen=True)
class Workspace:
    """One deployment's folder; nothing secret is ever written to it."""

    folder: Path

    @classmethod
    def of(cls, states: Path, prefix: str, region: str) -> "Workspace":
        """The folder of a deployment, below the folder of all deployments."""
        return cls(states.absolute() / f"{prefix}-{region}")

    @property
    def module(self) -> Path:
        """The copy of the root module."""
        return self.folder / "infra"

    @property
    def package(self) -> Path:
        """The Lambda package. It lies beside the module, so that plans have the same relative path
        on every machine."""
        return self.folder / "build" / "lambda.zip"

    @property
    def variables(self) -> Path:
        """The variables that the deploy step sets itself."""
        return self.folder / "variables.tfvars.json"

    @property
    def state(self) -> Path:
        """Terraform's state, if no backend file was given."""
        return self.folder / "terraform.tfstate"

    @property
    def data(self) -> Path:
        """Terraform's data folder."""
        return self.folder / ".terraform"

    @property
    def log(self) -> Path:
        """The log of Terraform's output."""
        return self.folder / "deploy.log"

    def plan(self, name: str) -> Path:
        """The file of a plan."""
        return self.folder / f"{name}.tfplan"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Lock the deployment against other commands on this machine.

        Raises:
            InputError: another command has locked it.
        """
        # State and log name every resource of the account's that the deployment has.
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        with (self.folder / "lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise InputError(
                    f"Another command works on {self.folder}: wait until it has ended."
                ) from None
            yield

    def copy_module(self, source: Path, backend: Path | None) -> None:
        """Copy the module anew; its state is in S3 if there is a `backend` file, else local."""
        shutil.rmtree(self.module, ignore_errors=True)
        shutil.copytree(source, self.module, ignore=_NOT_COPIED)
        self._write_backend(backend)

    def copy_variables(self, source: Path) -> None:
        """Copy the module's variables alone: Terraform reads and validates them without a provider,
        whose start takes seconds."""
        shutil.rmtree(self.module, ignore_errors=True)
        self.module.mkdir(parents=True)
        for path in source.glob("variables*.tf"):
            shutil.copyfile(path, self.module / path.name)
        self._write_backend(None)

    def _write_backend(self, backend: Path | None) -> None:
        chosen = {"s3": {}} if backend else {"local": {"path": str(self.state)}}
        content = json.dumps({"terraform": {"backend": chosen}}, indent=2)
        (self.module / "backend.tf.json").write_text(content)

    def ensure_package(self) -> None:
        """Create an empty package if there is none: Terraform needs one to remove functions too."""
        self.package.parent.mkdir(parents=True, exist_ok=True)
        self.package.touch()

    def write_variables(self, values: dict[str, Any]) -> None:
        """Write the variables of this run; none of them is secret."""
        self.variables.write_text(json.dumps(values, indent=2) + "\n")

    def remove(self) -> None:
        """Remove the folder, once nothing is deployed any more."""
        shutil.rmtree(self.folder, ignore_errors=True)
