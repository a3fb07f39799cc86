"""Snapshots of applied stacks, kept in the cache and found by all that went into them.

A snapshot is a zip archive: the emulator's state (snapshots/ of the plug-in), Terraform's state and
the root module's outputs. Its name is made of digests of plug-in, module, variables, Lambda package
and versions. Addresses in it are names, since each start may choose other ports.

It holds pickled objects, which run code when they are loaded: one is read only if nobody but its
owner could write it.
"""

import json
import os
import re
import shutil
import stat
import tempfile
import time
import zipfile
import zlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

from emulation.rig.errors import SnapshotError
from emulation.rig.state import StackState
from emulation.rig.terraform import Outputs
from toolchain import terraform as terraform_program
from toolchain.layout import Layout
from toolchain.steps import files_digest

KEPT = 8
"""Snapshots that are kept: those used last."""
_FORMAT = 1
_EMULATOR, _TERRAFORM, _OUTPUTS, _ABOUT = "emulator", "terraform.tfstate", "outputs.json", "about"
_MARK = "<address of {}>"

_DAMAGES = (
    *(OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile, zlib.error),
    # What zipfile raises for a bit that stands for an unknown version, method or encryption.
    *(NotImplementedError, RuntimeError),
)
_DRAFT = ".new"
_DRAFT_SECONDS = 3600.0
"""The age at which a draft is one of a start that was killed."""

Addresses = Mapping[str, str]
"""Names of addresses, and the addresses, as "127.0.0.1:4566"."""


@dataclass(frozen=True)
class Snapshot:
    """The state of an emulator, Terraform's state for it, and the root module's outputs."""

    emulator: bytes
    terraform: str
    outputs: Outputs


def addresses(state: StackState) -> dict[str, str]:
    """What differs from one start of a stack to the next."""
    urls = {"emulator": state.aws_endpoint, "discord": state.discord_url}
    return {name: url.removeprefix("http://") for name, url in urls.items()}


def key(layout: Layout, emulator: str, settings: Mapping[str, Any], known: Addresses) -> str:
    """Digests of everything that the state of an applied stack depends on: of the `emulator`, which
    is LocalStack or LocalEmu, and of what is deployed to it.

    `settings` are its own: the variables of the module, and options.
    """
    # The plug-in, and by its locks the emulator, moto and all that they need.
    running = (
        emulator,
        files_digest(layout.emulator),
        (layout.emulator_environment(emulator) / "pyvenv.cfg").read_text(),
    )
    module = (*sorted(layout.infra.glob("*.tf")), layout.infra / "modules")
    deployed = (
        str(_FORMAT),
        _without_addresses(json.dumps(settings, sort_keys=True), known),
        files_digest(*module, layout.infra / "state_machines"),
        files_digest(layout.lambda_package),
        str(terraform_program.PROVIDER),
        _terraform(layout),
        files_digest(Path(__file__)),
    )
    return "-".join(
        sha256("\0".join(inputs).encode()).hexdigest()[:16] for inputs in (running, deployed)
    )


def key_after_update(started: str, current: str) -> str:
    """The key of a stack to which something was deployed while it ran.

    Its emulator is still the one that was `started`, whatever has become of the plug-in's files.
    """
    return f"{started.partition('-')[0]}-{current.partition('-')[2]}"


def _terraform(layout: Layout) -> str:
    """The program as its file shows it: to ask it for its version takes longer."""
    found = layout.cache / "bin" / "terraform"
    program = found if found.exists() else Path(shutil.which("terraform") or found).resolve()
    return f"{program} {program.stat().st_mtime_ns if program.exists() else 0}"


class SnapshotStore:
    """The snapshots of a checkout, in a folder that only its owner can read."""

    def __init__(self, folder: Path, kept: int = KEPT) -> None:
        self._folder, self._kept = folder, kept

    def load(self, name: str, known: Addresses) -> Snapshot | None:
        """The snapshot with a name, with these addresses; None if there is none.

        Raises:
            SnapshotError: there is one that can't be used; the text says why.
        """
        path = self._path(name)
        if not path.exists():
            return None
        try:
            with path.open("rb") as file, zipfile.ZipFile(file) as archive:
                _check_owner(os.fstat(file.fileno()), path)
                about = json.loads(archive.read(_ABOUT))
                if about != {"format": _FORMAT, "key": name}:
                    raise SnapshotError(f"The snapshot {path} is of another version.")
                texts = [
                    _with_addresses(archive.read(part).decode(), known)
                    for part in (_TERRAFORM, _OUTPUTS)
                ]
                found = Snapshot(archive.read(_EMULATOR), texts[0], json.loads(texts[1]))
        except _DAMAGES as error:
            raise SnapshotError(f"The snapshot {path} is damaged ({error}).") from error
        with suppress(OSError):
            path.touch()
        return found

    def save(self, name: str, snapshot: Snapshot, known: Addresses) -> Path:
        """Save a snapshot in one piece, and delete those that were not used for longest.

        Raises:
            SnapshotError: it can't be written.
        """
        path = self._path(name)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            # A new file of mkstemp is its owner's alone.
            handle, draft = tempfile.mkstemp(dir=self._folder, suffix=_DRAFT)
            with os.fdopen(handle, "wb") as file:
                _write(file, name, snapshot, known)
            Path(draft).replace(path)
            self._prune()
        except OSError as error:
            raise SnapshotError(f"The snapshot can't be saved ({error}).") from error
        return path

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.zip"

    def _prune(self) -> None:
        newest_last = sorted(self._folder.glob("*.zip"), key=_last_use)
        abandoned = time.time() - _DRAFT_SECONDS
        old = [draft for draft in self._folder.glob(f"*{_DRAFT}") if _last_use(draft) < abandoned]
        for path in (*newest_last[: -self._kept], *old):
            path.unlink(missing_ok=True)


def _last_use(path: Path) -> float:
    """When a file was used last; 0 if another start has deleted it meanwhile."""
    with suppress(FileNotFoundError):
        return path.stat().st_mtime
    return 0.0


def _write(file: BinaryIO, name: str, snapshot: Snapshot, known: Addresses) -> None:
    outputs = json.dumps(snapshot.outputs)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr(_ABOUT, json.dumps({"format": _FORMAT, "key": name}))
        archive.writestr(_EMULATOR, snapshot.emulator)
        archive.writestr(_TERRAFORM, _without_addresses(snapshot.terraform, known))
        archive.writestr(_OUTPUTS, _without_addresses(outputs, known))


def _without_addresses(text: str, known: Addresses) -> str:
    """The text with the names of addresses in their place."""
    for name, address in known.items():
        # 127.0.0.1:4566 is no part of 127.0.0.1:45660.
        text = re.sub(rf"{re.escape(address)}(?![0-9])", _MARK.format(name), text)
    return text


def _with_addresses(text: str, known: Addresses) -> str:
    for name, address in known.items():
        text = text.replace(_MARK.format(name), address)
    return text


def _check_owner(file: os.stat_result, path: Path) -> None:
    if file.st_uid != os.getuid() or stat.S_IMODE(file.st_mode) & 0o077:
        raise SnapshotError(f"The snapshot {path} can be read or written by others.")
