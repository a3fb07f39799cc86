"""Print what an image holds as CycloneDX JSON: `python sbom.py NAME`, inside the image.

Python distributions on the path and, where dpkg is there, the system's packages.
https://cyclonedx.org/docs/1.6/json/
"""

import json
import shutil
import subprocess
import sys
from importlib.metadata import distributions
from typing import Any


def python_packages() -> list[dict[str, Any]]:
    """Distributions that Python finds here; the first of a name counts."""
    found: dict[str, dict[str, Any]] = {}
    for one in distributions():
        name, version = one.name.lower().replace("_", "-"), one.version
        found.setdefault(name, component(name, version, f"pkg:pypi/{name}@{version}"))
    return list(found.values())


def system_packages() -> list[dict[str, Any]]:
    """Installed packages of Debian, if this is one."""
    if shutil.which("dpkg-query") is None:
        return []
    words = ["dpkg-query", "--show", "--showformat", "${Package} ${Version} ${Architecture}\n"]
    listed = subprocess.run(words, capture_output=True, text=True, check=True)  # noqa: S603
    lines = [line.split() for line in listed.stdout.splitlines()]
    return [
        component(name, version, f"pkg:deb/debian/{name}@{version}?arch={architecture}")
        for name, version, architecture in lines
    ]


def component(name: str, version: str, address: str) -> dict[str, Any]:
    """One entry; `address` is its package URL."""
    return {
        "type": "library",
        "name": name,
        "version": version,
        "purl": address,
        "bom-ref": address,
    }


def main() -> None:
    """Print the document."""
    components = sorted(python_packages() + system_packages(), key=lambda one: str(one["purl"]))
    json.dump(
        {
            "bomFormat": "CycloneDX",
            "specVersion": "1.6",
            "version": 1,
            "metadata": {"component": {"type": "container", "name": sys.argv[1]}},
            "components": components,
        },
        sys.stdout,
    )


main()
