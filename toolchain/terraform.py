"""Find or download Terraform; initialise the root module online or from a local mirror."""

from __future__ import annotations

import hashlib
import io
import os
import platform
import re
import shutil
import urllib.request
import zipfile
from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path

from toolchain.commands import run
from toolchain.errors import CommandFailedError, SetupError
from toolchain.steps import files_digest

MINIMUM = (1, 10)
REATTACH_VARIABLE = "TF_REATTACH_PROVIDERS"
"""Hands providers that run already to Terraform: `shared_provider`."""
LAZY_COLLECTOR = {"GOGC": "400"}
"""Lets Go's garbage collector run less often: the AWS provider, whose schemas are hundreds of
megabytes that stay, would spend a third of its time on them."""
FETCHED_VERSION = "1.11.4"
SHA256 = {
    "darwin_amd64": "a56d5002b9f7647291faccc3dd1a70350e60fb61e4c45037629508b8fdc2575b",
    "darwin_arm64": "867e0808fa971217043e25b7a792b10720c79b1546f8a68479b74f138be73e18",
    "linux_amd64": "1ce994251c00281d6845f0f268637ba50c0005657eb3cf096b92f753b42ef4dc",
    "linux_arm64": "a43d1d0da9b9bab214a8305a39db0e40869572594ccf50c416a7756499143633",
}
"""Digests of `FETCHED_VERSION`'s archives by platform, as HashiCorp's own Homebrew formula has them
(https://github.com/hashicorp/homebrew-tap). A list of them that is fetched from where the archives
are would be changed with them."""
PROVIDER = Path("registry.terraform.io/hashicorp/aws/5.100.0")
_RELEASES = f"https://releases.hashicorp.com/terraform/{FETCHED_VERSION}"
_SEARCH_DEPTH = 4


def inputs(infra: Path) -> tuple[str, ...]:
    """The inputs of `terraform init`: provider, names of modules, and tests, which load some."""
    modules = sorted(path.name for path in infra.glob("modules/*"))
    return (files_digest(infra / "providers.tf", infra / "tests"), *modules)


def platform_name() -> str:
    """This machine as Terraform names it, for example `linux_amd64`."""
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    return f"{platform.system().lower()}_{machine}"


def version_of(terraform: Path) -> tuple[int, int] | None:
    """Major and minor version of a Terraform program, or None if it does not run."""
    try:
        printed = run([terraform, "version"], env=environment())
    except CommandFailedError:
        return None
    found = re.search(r"Terraform v(\d+)\.(\d+)", printed)
    return (int(found[1]), int(found[2])) if found else None


def program(cache: Path) -> Path:
    """The program, of whatever version: the one on the PATH, else where one is downloaded to."""
    fetched, on_path = cache / "bin" / "terraform", shutil.which("terraform")
    return Path(on_path) if on_path and not fetched.exists() else fetched


def find(cache: Path) -> Path | None:
    """Terraform of at least `MINIMUM`: the one downloaded before, else the one on the PATH."""
    on_path = shutil.which("terraform")
    for candidate in (cache / "bin" / "terraform", Path(on_path) if on_path else None):
        if candidate and candidate.exists():
            version = version_of(candidate)
            if version and version >= MINIMUM:
                return candidate
    return None


def find_or_fetch(cache: Path) -> Path:
    """As `find`, else Terraform is downloaded into the project's cache, its digest verified.

    Raises:
        SetupError: it was neither found nor downloaded, or is not what `SHA256` says.
    """
    if found := find(cache):
        return found
    try:
        return _fetch(cache / "bin")
    except (OSError, HTTPException) as error:
        minimum = ".".join(map(str, MINIMUM))
        raise SetupError(
            f"Terraform >= {minimum} was neither found nor fetched ({error}). Install it:"
            " https://developer.hashicorp.com/terraform/install"
        ) from error


def _fetch(folder: Path) -> Path:
    platform_ = platform_name()
    name = f"terraform_{FETCHED_VERSION}_{platform_}.zip"
    if platform_ not in SHA256:
        raise SetupError(
            f"Terraform is not fetched for {platform_}, since no digest is known. Install it:"
            " https://developer.hashicorp.com/terraform/install"
        )
    archive = _download(f"{_RELEASES}/{name}")
    found = hashlib.sha256(archive).hexdigest()
    if found != SHA256[platform_]:
        raise SetupError(f"{name} has the SHA-256 {found}, not {SHA256[platform_]}: not installed")
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "terraform"
    program.write_bytes(zipfile.ZipFile(io.BytesIO(archive)).read("terraform"))
    program.chmod(0o755)
    return program


def _download(address: str) -> bytes:
    with urllib.request.urlopen(address, timeout=60) as answer:  # noqa: S310 - https, a constant
        content: bytes = answer.read()
    return content


def environment(data_dir: Path | None = None) -> dict[str, str]:
    """The environment for Terraform: no prompts, no reference to a missing configuration file."""
    # Arguments, workspace and data folder of the person's other modules are not of this one.
    env = {name: value for name, value in os.environ.items() if not _FOREIGN.fullmatch(name)}
    configuration = env.get("TF_CLI_CONFIG_FILE")
    if configuration and not Path(configuration).exists():
        del env["TF_CLI_CONFIG_FILE"]
    env.update({"CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1", "TF_INPUT": "0"})
    env = {**LAZY_COLLECTOR, **env}
    if data_dir:
        env["TF_DATA_DIR"] = str(data_dir)
    return env


_FOREIGN = re.compile(r"TF_(CLI_ARGS.*|WORKSPACE|DATA_DIR)")


def _mirror_roots() -> Iterator[Path]:
    home = Path.home()
    yield from (home / ".terraform.d" / "plugins", home / ".terraform.d" / "plugin-cache")
    yield from (Path("/usr/local/share"), Path("/usr/share/terraform"), Path("/opt"), home)


def find_provider_mirror() -> Path | None:
    """A folder of providers that holds the AWS provider for this machine, or None."""
    wanted = PROVIDER / platform_name()
    for root in _mirror_roots():
        for depth in range(_SEARCH_DEPTH):
            for found in root.glob("/".join(["*"] * depth + [PROVIDER.parts[0]])):
                if (found.parent / wanted).is_dir():
                    return found.parent
    return None


def initialise(terraform: Path, root_module: Path, data_dir: Path) -> None:
    """Run `terraform init`: online first, else from a local mirror of the provider.

    Raises:
        SetupError: the registry can't be reached and there is no mirror.
    """
    base: list[str | Path] = [terraform, f"-chdir={root_module}", "init", "-no-color"]
    env = {**environment(data_dir), "TF_REGISTRY_DISCOVERY_RETRY": "0"}
    # A provider that runs already would be left out of what is initialised.
    env.pop(REATTACH_VARIABLE, None)
    try:
        run(base, env=env)
    except CommandFailedError as error:
        mirror = find_provider_mirror()
        if mirror is None:
            raise SetupError(
                f"Terraform's registry can't be reached and no folder on this machine holds"
                f" {PROVIDER}: connect once, or make a mirror with `terraform providers mirror`"
                f" below {Path.home() / '.terraform.d' / 'plugins'}.\n{error}"
            ) from error
        run([*base, f"-plugin-dir={mirror}"], env=env)
