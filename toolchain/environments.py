"""Make the project's virtual environments from their locks."""

import os
import shutil
import venv
from dataclasses import dataclass
from pathlib import Path

from . import pythons, torch
from .commands import clean_environment, run
from .errors import SetupError
from .layout import Layout, python_of


@dataclass(frozen=True)
class Environments:
    """Makes the environments of one checkout; every method can be called again."""

    layout: Layout

    @property
    def uv(self) -> Path:
        """The installer, kept in the project's own environment."""
        return python_of(self.layout.environment).with_name("uv")

    def make_project(self) -> None:
        """The project's own environment, holding only the installer so far.

        Raises:
            SetupError: this Python lacks its `venv` or `ensurepip`.
        """
        try:
            builder = venv.EnvBuilder(with_pip=True, clear=True, symlinks=os.name != "nt")
            builder.create(self.layout.environment)
        except Exception as error:  # venv reports a missing ensurepip as a failed program
            raise SetupError(
                f"Could not make a virtual environment ({error}). On Debian and Ubuntu:"
                " `apt-get install python3-venv`."
            ) from error
        python = python_of(self.layout.environment)
        lock = self.layout.root / "requirements" / "installer.txt"
        run([python, "-m", "pip", "install", "--quiet", "-r", lock], env=clean_environment())

    def install_torch(self, build: str) -> None:
        """Torch in the build asked for, in the version that the project is tested with."""
        lines = (self.layout.root / "requirements" / "torch.txt").read_text().splitlines()
        requirement = next(line for line in lines if line and not line.startswith("#"))
        torch.install(python_of(self.layout.environment), self.uv, requirement, build)

    def install_project(self) -> None:
        """Everything else in the lock, and the project itself, editable."""
        lock = self.layout.root / "requirements" / "development.lock"
        # The lock is complete but for torch, which stands already and has no hash in it.
        self._install(self.layout.environment, "--no-deps", "--require-hashes", "-r", lock)
        self._install(self.layout.environment, "--no-deps", "-e", self.layout.root)

    def make_emulator(self) -> None:
        """LocalStack from its lock, without the extension yet."""
        folder = self.layout.root / "emulation" / "aws"
        self._make(self.layout.emulator_environment)
        lock = folder / "requirements.lock"
        self._install(self.layout.emulator_environment, "--require-hashes", "-r", lock)

    def install_extension(self) -> None:
        """The extension, editable: a change of its code counts at the emulator's next start."""
        folder = self.layout.root / "emulation" / "aws"
        self._install(self.layout.emulator_environment, "--no-deps", "-e", folder)

    def make_lambda(self) -> None:
        """What AWS's Python runtime holds, and nothing of LocalStack's."""
        lock = self.layout.root / "emulation" / "aws" / "requirements-lambda.lock"
        self._make(self.layout.lambda_environment)
        # Compiled now: AWS's runtime is too, and a function's first call would pay for it.
        words = ("--compile-bytecode", "--require-hashes", "-r", lock)
        self._install(self.layout.lambda_environment, *words)

    def make_policy_tools(self) -> None:
        """What judges the Terraform module, from its lock."""
        lock = self.layout.infra / "policy" / "requirements.lock"
        self._make(self.layout.policy_environment)
        # Compiled now, once for every run.
        words = ("--compile-bytecode", "--require-hashes", "-r", lock)
        self._install(self.layout.policy_environment, *words)

    def _make(self, environment: Path) -> None:
        python = pythons.find_or_fetch(self.uv, self.layout.cache / "python")
        shutil.rmtree(environment, ignore_errors=True)
        run([self.uv, "venv", "--quiet", "--python", python, environment], env=clean_environment())

    def _install(self, environment: Path, *words: str | Path) -> None:
        base: list[str | Path] = [self.uv, "pip", "install", "--quiet"]
        run([*base, "--python", python_of(environment), *words], env=clean_environment())
