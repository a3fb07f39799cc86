"""The script of the warm pool's instances, with stand-ins for the programs that it calls.

Of them only curl, docker, aws and dnf are replaced, and sleep, so that retries take no time.
"""

import base64
import json
import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.infra.instance_boot import parts
from tests.infra.terraform_module import LAYOUT

SCRIPT = LAYOUT.infra / "modules" / "fleet" / "warm_up.sh"
REGISTRY = "123456789012.dkr.ecr.us-east-2.amazonaws.com"
IMAGE = f"{REGISTRY}/bot-worker:v1"
INSTANCE = "i-0123456789abcdef0"
PASSWORD = "a-password-of-the-registry"
CURL = """
case "$*" in
  *api/token*) echo a-token ;;
  *target-lifecycle-state*) echo "$STATE" ;;
  *instance-id*) echo "$INSTANCE" ;;
esac
"""
AWS = f"""
case "$1" in
  ecr) echo {PASSWORD} ;;
  autoscaling) [ "$(grep -c complete-lifecycle "$LOG")" -gt "$HOOK_REFUSALS" ] ;;
esac
"""
DOCKER = """
case "$1" in
  login) cat >"$DOCKER_CONFIG/config.json" ;;
  pull) [ "$PULLS" = yes ] ;;
esac
"""


@dataclass(frozen=True)
class Machine:
    """An instance's programs, and what they were called with."""

    folder: Path
    programs: dict[str, str] = field(
        default_factory=lambda: {"curl": CURL, "aws": AWS, "docker": DOCKER, "sleep": ""}
    )

    def run(self, state: str, *, pulls: bool = True, refusals: int = 0) -> list[str]:
        """Run the script on an instance that Auto Scaling wants in a state; the calls in order."""
        bin_folder, log, temporary = (self.folder / name for name in ("bin", "log", "tmp"))
        bin_folder.mkdir()
        temporary.mkdir()
        log.touch()
        for name, body in self.programs.items():
            program = bin_folder / name
            program.write_text(f'#!/bin/bash\necho "{name} $*" >>"$LOG"\n{body}')
            program.chmod(0o755)
        ended = subprocess.run(
            ["/bin/bash", str(SCRIPT)],
            env={
                "PATH": f"{bin_folder}:/usr/bin:/bin",
                "TMPDIR": str(temporary),
                "LOG": str(log),
                "INSTANCE": INSTANCE,
                "STATE": state,
                "PULLS": "yes" if pulls else "no",
                "HOOK_REFUSALS": str(refusals),
                "AWS_REGION": "us-east-2",
                "WARM_UP_GROUP": "bot-worker",
                "WARM_UP_HOOK": "warm-up",
                "WARM_UP_IMAGE": IMAGE,
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
        assert not list(temporary.iterdir()), "the registry's password must not stay"
        calls = log.read_text().splitlines()
        assert PASSWORD not in "".join(calls), "no password on a command line"
        return [call for call in calls if not call.startswith(("curl", "sleep"))]


COMPLETE = (
    "aws autoscaling complete-lifecycle-action --lifecycle-action-result CONTINUE "
    "--auto-scaling-group-name bot-worker --lifecycle-hook-name warm-up "
    f"--instance-id {INSTANCE}"
)


@pytest.mark.parametrize("state", ["Warmed:Stopped", "Warmed:Running"])
def test_an_instance_of_the_warm_pool_pulls_the_image_before_it_reports(
    tmp_path: Path, state: str
) -> None:
    calls = Machine(tmp_path).run(state)
    # The two ends of a pipe: which begins first is chance.
    assert set(calls[:2]) == {
        "aws ecr get-login-password",
        f"docker login --username AWS --password-stdin {REGISTRY}",
    }
    assert calls[2:] == [
        f"docker pull --quiet {IMAGE}",
        COMPLETE,
    ]


def test_an_instance_that_is_to_be_in_service_reports_at_once(tmp_path: Path) -> None:
    assert Machine(tmp_path).run("InService") == [COMPLETE]


def test_the_report_is_repeated_until_auto_scaling_waits_for_it(tmp_path: Path) -> None:
    assert Machine(tmp_path).run("InService", refusals=3) == [COMPLETE] * 4


def test_an_image_that_cannot_be_pulled_is_tried_again_and_does_not_hold_the_instance(
    tmp_path: Path,
) -> None:
    calls = Machine(tmp_path).run("Warmed:Stopped", pulls=False)
    assert calls.count(f"docker pull --quiet {IMAGE}") == 30
    assert calls[-1] == COMPLETE


def test_the_cli_is_installed_where_the_ami_has_none(tmp_path: Path) -> None:
    install = f"""
printf '#!/bin/bash\\necho "aws $*" >>"$LOG"\\n' >{tmp_path}/bin/aws
chmod +x {tmp_path}/bin/aws
"""
    machine = Machine(tmp_path, {"curl": CURL, "docker": DOCKER, "sleep": "", "dnf": install})
    assert os.access("/usr/bin/aws", os.X_OK) is False
    assert machine.run("InService") == ["dnf install --assumeyes --quiet awscli-2", COMPLETE]


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="there is no systemd here")
def test_the_user_data_installs_the_script_and_a_valid_unit_that_runs_at_each_start(
    terraform: Path, tmp_path: Path
) -> None:
    fleet = LAYOUT.infra / "modules" / "fleet"
    warm_up = f'{{ script = file("{SCRIPT}"), environment = {{ WARM_UP_IMAGE = "{IMAGE}" }} }}'
    arguments = f'agent_settings = {{}}, instance_store = "", warm_up = {warm_up}'
    rendered = subprocess.run(
        [str(terraform), f"-chdir={tmp_path}", "console"],
        input=f'base64encode(templatefile("{fleet}/user_data.mime.tftpl", {{ {arguments} }}))',
        capture_output=True,
        text=True,
        check=True,
    )
    found = parts(base64.b64decode(json.loads(rendered.stdout)).decode())
    assert set(found) == {"x-shellscript"}
    script = found["x-shellscript"]
    for folder in ("/etc/ecs", "/usr/local/bin", "/etc/systemd/system"):
        (tmp_path / folder[1:]).mkdir(parents=True)
        script = script.replace(f" {folder}/", f" {tmp_path}{folder}/")
    started = tmp_path / "systemctl"
    started.write_text(f'#!/bin/bash\necho "$*" >{tmp_path}/started\n')
    started.chmod(0o755)
    path = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    subprocess.run(["/bin/bash", "-e"], input=script, text=True, env=path, check=True)
    assert (tmp_path / "usr/local/bin/warm-up").read_text() == SCRIPT.read_text()
    assert (tmp_path / "started").read_text() == "enable --now --no-block warm-up.service\n"
    unit = tmp_path / "etc/systemd/system/warm-up.service"
    assert f"Environment=WARM_UP_IMAGE={IMAGE}\n" in unit.read_text()
    assert "WantedBy=multi-user.target\n" in unit.read_text()
    docker = tmp_path / "etc/systemd/system/docker.service"
    docker.write_text("[Service]\nExecStart=/bin/true\n")
    verified = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit), str(docker)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (verified.returncode, verified.stderr) == (0, "")
