"""Put Terraform and its provider into a folder of an image.

    python fetch_terraform.py FOLDER PROGRAM PROVIDERS VERSIONS

PROGRAM may hold `terraform`, PROVIDERS a mirror of the registry; what is missing is fetched, the
provider as the file VERSIONS asks for. FOLDER gets `bin/terraform` and `providers`.
"""

import re
import shutil
import sys
from pathlib import Path

from toolchain import terraform

REGISTRY = "registry.terraform.io"
REQUIREMENTS = re.compile(r"^terraform {.*?^}", re.DOTALL | re.MULTILINE)


def main() -> None:
    """Copy or fetch both."""
    folder, program, providers, versions = map(Path, sys.argv[1:])
    (folder / "bin").mkdir(parents=True)
    if (program / "terraform").exists():
        shutil.copy(program / "terraform", folder / "bin")
    found = terraform.find_or_fetch(folder)
    mirror = providers / REGISTRY
    if mirror.is_dir():
        shutil.copytree(mirror, folder / "providers" / REGISTRY)
    else:
        fetch_provider(found, versions, folder)


def fetch_provider(program: Path, versions: Path, folder: Path) -> None:
    """Have `terraform init` fetch it, on a module of nothing but the requirements."""
    module = folder / "module"
    module.mkdir()
    requirements = REQUIREMENTS.search(versions.read_text())
    if requirements is None:
        raise SystemExit(f"{versions} has no terraform block")
    (module / "versions.tf").write_text(requirements[0])
    terraform.initialise(program, module, folder / "data")
    (folder / "data" / "providers").rename(folder / "providers")
    shutil.rmtree(module)
    shutil.rmtree(folder / "data")


main()
