"""Boots the units of an instance under a real systemd, process 1 in namespaces of its own.

The units (`instance_units/`) have the dependency lines of Amazon Linux 2023's; what they start is
short. systemd, systemctl, mounts, file system and disk (a file behind a loop device) are real.
"""

import email
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

UNITS = Path(__file__).parent / "instance_units"
SYSTEMD = Path("/lib/systemd/systemd")
PROGRAMS = ("findmnt", "losetup", "mkfs.xfs", "mount", "systemctl", "systemd-notify", "unshare")
DEADLINE_SECONDS = 60
DISK_BYTES = 320 * 2**20
"""mkfs.xfs refuses less than 300 MiB."""

# The instance's files are at /run/boot; its root volume is at /var/lib.
START = """set -e
folder=$1 cgroup=$2 units=$3 systemd=$4
for tree in /sys/fs/cgroup /sys/fs/cgroup/systemd /sys/fs/cgroup/unified; do
  [ -e $tree/cgroup.procs ] || continue
  mkdir -p $tree/$cgroup
  echo $$ >$tree/$cgroup/cgroup.procs
done
exec unshare --mount --pid --ipc --uts --fork --kill-child --mount-proc bash -ec '
  mount -t tmpfs tmpfs /run
  mkdir -p /run/boot /run/etc/upper/ecs /run/etc/work
  mount --bind "$0" /run/boot
  mount --bind "$1" /run/boot/units
  mount --bind /run/boot/root-volume /var/lib
  mount -t overlay -o lowerdir=/etc,upperdir=/run/etc/upper,workdir=/run/etc/work overlay /etc
  exec env -i container=test PATH="$PATH" SYSTEMD_UNIT_PATH=/run/boot/drop-ins:/run/boot/units \\
    "$2" --system --unit=graphical.target --log-target=console --show-status=no
' "$folder" "$units" "$systemd"
"""
# A loop device has no model: this is the only program of the scripts that is replaced.
LSBLK = """#!/bin/sh
echo '/dev/nvme0n1 Amazon Elastic Block Store'
"""


def why_not() -> str:
    """Why no instance can be booted on this machine, or nothing."""
    if os.geteuid() != 0:
        return "namespaces with mounts, and loop devices, need root"
    if not SYSTEMD.exists():
        return "there is no systemd (Debian: apt-get install systemd)"
    absent = [name for name in PROGRAMS if not shutil.which(name)]
    if absent:
        return (
            f"not installed: {', '.join(absent)} (Debian: apt-get install mount systemd xfsprogs)"
        )
    tried = subprocess.run(
        ["unshare", "--mount", "--pid", "--fork", "mount", "-t", "tmpfs", "tmpfs", "/mnt"],
        capture_output=True,
        text=True,
        check=False,
    )
    return f"no namespace with mounts can be made: {tried.stderr}" if tried.returncode else ""


def parts(user_data: str) -> dict[str, str]:
    """The parts of user data by subtype, read by the parser that cloud-init itself uses."""
    message = email.message_from_string(user_data)
    found = [part for part in message.walk() if not part.is_multipart()]
    return {part.get_content_subtype(): str(part.get_payload()) for part in found}


@contextmanager
def disk(file: Path, *, writable: bool = True) -> Iterator[str]:
    """A blank disk, which is the path of a loop device."""
    file.touch()
    os.truncate(file, DISK_BYTES)
    options = () if writable else ("--read-only",)
    command = ["losetup", "--find", "--show", *options, str(file)]
    attached = subprocess.run(command, capture_output=True, text=True, check=True)
    device = attached.stdout.strip()
    try:
        yield device
    finally:
        subprocess.run(["losetup", "--detach", device], check=True)


@dataclass(frozen=True)
class Booted:
    """What an instance was like when its boot had ended."""

    states: dict[str, str]
    """The state of each engine and of the agent."""
    data: dict[str, str]
    """The device that held an engine's data when the engine started last."""
    layers: int
    """Docker's layers: each boot adds the image of the agent."""
    agent_settings: str
    """The content of /etc/ecs/ecs.config."""


@dataclass(frozen=True)
class Instance:
    """An instance whose root volume, as its instance store, outlives a restart."""

    folder: Path
    scripts: dict[str, str]
    """What cloud-init runs: `cloud-boothook` in its network stage, `x-shellscript` in its last."""
    store: str | None = None
    """The device of the instance store."""
    drop_ins: tuple[tuple[str, str], ...] = ()
    """Lines of the section Unit, by unit."""

    @property
    def root_volume(self) -> Path:
        """The folder that is /var/lib on the instance."""
        return self.folder / "root-volume"

    def boot(self) -> Booted:
        """Boot to the end of all units, then cut the power."""
        self._write_files()
        states = self.folder / "states"
        states.unlink(missing_ok=True)
        command = ["bash", "-c", START, "bash", self.folder, self._cgroup, UNITS, SYSTEMD]
        with (self.folder / "console").open("w") as console:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=console, stderr=console
            )
        try:
            until = time.monotonic() + DEADLINE_SECONDS
            while not states.exists() and time.monotonic() < until and process.poll() is None:
                time.sleep(0.02)
            assert states.exists(), (self.folder / "console").read_text()
        finally:
            _end(process)
            self._remove_cgroup()
        return Booted(
            states=dict(line.split() for line in states.read_text().splitlines()),
            data={name: self._wrote(f"data-of-{name}") for name in ("docker", "containerd")},
            layers=int(self._wrote("layers")),
            agent_settings=self._wrote("ecs.config"),
        )

    @property
    def _cgroup(self) -> str:
        return f"instance-boot-{os.getpid()}-{self.folder.name}"

    def _wrote(self, name: str) -> str:
        return (self.folder / name).read_text().strip()

    def _write_files(self) -> None:
        for name in ("root-volume", "units", "drop-ins", "programs"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        (self.folder / "root-volume" / "cloud").mkdir(exist_ok=True)
        for unit, lines in self.drop_ins:
            drop_in = self.folder / "drop-ins" / f"{unit}.d" / "test.conf"
            drop_in.parent.mkdir(exist_ok=True)
            drop_in.write_text(f"[Unit]\n{lines}\n")
        lists = f"echo '{self.store} Amazon EC2 NVMe Instance Storage'\n" if self.store else ""
        for name, text in {**self.scripts, "programs/lsblk": LSBLK + lists}.items():
            (self.folder / name).write_text(text)
            (self.folder / name).chmod(0o755)

    def _remove_cgroup(self) -> None:
        for tree in ("", "systemd", "unified"):
            top = Path("/sys/fs/cgroup") / tree / self._cgroup
            folders = [path for path in top.rglob("*") if path.is_dir()] if top.exists() else []
            for folder in sorted((*folders, top), key=lambda path: -len(path.parts)):
                if folder.exists():
                    folder.rmdir()


def _end(unshare: subprocess.Popen[bytes]) -> None:
    """Kill process 1: the kernel ends all others of its namespace before `unshare` sees its end."""
    children = Path(f"/proc/{unshare.pid}/task/{unshare.pid}/children")
    for child in children.read_text().split() if unshare.poll() is None else ():
        os.kill(int(child), signal.SIGKILL)
    try:
        unshare.wait(DEADLINE_SECONDS)
    finally:
        unshare.kill()
