"""The paths in the project's folder. Nothing is set up outside of it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

LOCALSTACK, LOCALEMU = "localstack", "localemu"
"""The emulators of AWS that the plug-in runs in."""


@dataclass(frozen=True)
class Layout:
    """The folders of one checkout."""

    root: Path

    @classmethod
    def of_this_checkout(cls) -> Layout:
        """The checkout that this file belongs to."""
        return cls(Path(__file__).resolve().parents[1])

    @property
    def emulator(self) -> Path:
        """The uv project of LocalStack with the plug-in, and of the Lambda runtime."""
        return self.root / "emulation" / "aws"

    @property
    def stand_in(self) -> Path:
        """The uv project of the stand-in for Discord, a package of its own."""
        return self.root / "emulation" / "discord"

    @property
    def localemu(self) -> Path:
        """The uv project of LocalEmu with the plug-in."""
        return self.emulator / "localemu"

    @property
    def infra(self) -> Path:
        """The Terraform root module."""
        return self.root / "infra"

    @property
    def environment(self) -> Path:
        """The project's own virtual environment."""
        return self.root / ".venv"

    @property
    def cache(self) -> Path:
        """Files that one set-up leaves for the next."""
        return self.root / ".cache"

    @property
    def stamps(self) -> Path:
        """A file for each step of the set-up that is done, with the digest of its inputs."""
        return self.cache / "stamps"

    def emulator_environment(self, emulator: str = LOCALSTACK) -> Path:
        """An emulator and the plug-in, on Python 3.13; LocalEmu's is made when it is needed."""
        return self.cache / {LOCALSTACK: "emulator", LOCALEMU: "localemu"}[emulator]

    @property
    def lambda_environment(self) -> Path:
        """The packages of AWS's runtime python3.13, for the functions of the emulator."""
        return self.cache / "lambda-python3.13"

    @property
    def policy_environment(self) -> Path:
        """The tools that check the Terraform module, installed when they are first needed."""
        return self.cache / "policy"

    @property
    def quantization(self) -> Path:
        """torchao, for the tests of weights in 8 bits, installed when they first need it."""
        return self.cache / "quantization"

    @property
    def site_sources(self) -> Path:
        """The uv and npm projects of what builds the documentation's site, and its settings."""
        return self.root / "docs" / "site"

    @property
    def site_environment(self) -> Path:
        """What builds the site, installed when it is first needed."""
        return self.cache / "site"

    @property
    def site_node_packages(self) -> Path:
        """What draws the site's pictures in a browser; docs/site/conf.py copies it from here."""
        return self.cache / "site-npm"

    @property
    def site(self) -> Path:
        """The documentation's site: static files."""
        return self.build / "site"

    @property
    def terraform_data(self) -> Path:
        """Terraform's data folder: the provider, initialised once."""
        return self.cache / "terraform"

    @property
    def build(self) -> Path:
        """Build results: the Lambda package, benchmark results, screenshots."""
        return self.root / "build"

    @property
    def lambda_package(self) -> Path:
        """The zip of the Lambda handlers, for this machine's interpreter."""
        return self.build / "lambda.zip"


def python_of(environment: Path) -> Path:
    """The interpreter of a virtual environment."""
    if os.name == "nt":
        return environment / "Scripts" / "python.exe"
    return environment / "bin" / "python"
