"""What a builder does by itself, and which AMIs are left."""

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from infra.deploy.ami.images import Ami, superseded
from infra.deploy.ami.site import Recipe, Site
from infra.deploy.ami.user_data import FAILED, PULLED, failure, user_data
from infra.deploy.errors import RefusedError

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/bot-worker:content-1"
SITE = Site("bot", IMAGE, "bot-ami-builder", "sg-1", ("subnet-1",), 60, {"Environment": "prod"})
PROGRAMS = {
    "docker": """[ "$1" != pull ] || { cp "$HOME/.docker/config.json" "$HERE/login"; exit $PULL; }
echo "docker $*" """,
    "shutdown": """echo "shutdown $*" >>"$HERE/done" """,
    "sleep": "",
    "sync": "",
    "docker-credential-ecr-login": "",
}


def builder(folder: Path, image: str, pull: int) -> subprocess.CompletedProcess[str]:
    """Run the user data in a folder, with stand-ins for what would change the machine."""
    programs, home = folder / "bin", folder / "root"
    programs.mkdir()
    home.mkdir()
    for name, body in PROGRAMS.items():
        (programs / name).write_text(f"#!/bin/bash\n{body}\n")
        (programs / name).chmod(0o755)
    script = user_data(image).replace("/root", str(home)).replace("/dev/console", f"{folder}/tty")
    script = script.replace("/var/lib/ecs", str(folder / "ecs"))
    env = {"PATH": f"{programs}:{os.environ['PATH']}", "HERE": str(folder), "PULL": str(pull)}
    return subprocess.run(
        ["bash", "-c", script], env=env, capture_output=True, text=True, check=False, timeout=60
    )


def test_the_builder_pulls_and_stops(tmp_path: Path) -> None:
    ended = builder(tmp_path, IMAGE, pull=0)
    assert PULLED in ended.stdout
    assert (tmp_path / "done").read_text() == "shutdown -h now\n"
    assert failure(ended.stdout) is None


def test_the_builder_logs_in_by_its_role_and_keeps_no_login(tmp_path: Path) -> None:
    builder(tmp_path, IMAGE, pull=0)
    registry = IMAGE.split("/")[0]
    login = (tmp_path / "login").read_text()
    assert login == f'{{"credHelpers": {{"{registry}": "ecr-login"}}}}\n'
    assert list((tmp_path / "root").iterdir()) == []


def test_a_builder_that_cannot_pull_says_so_and_stops_too(tmp_path: Path) -> None:
    ended = builder(tmp_path, IMAGE, pull=1)
    assert FAILED in ended.stdout
    assert PULLED not in ended.stdout
    assert (tmp_path / "done").read_text() == "shutdown -h now\n"
    assert FAILED in str(failure(ended.stdout))


def test_another_registry_is_asked_without_a_login() -> None:
    assert "credHelpers" not in user_data("ghcr.io/me/worker:v1")


def test_an_image_is_one_word_whatever_its_name() -> None:
    assert "image='a b; reboot'" in user_data("a b; reboot")


def test_another_image_or_another_base_is_another_ami() -> None:
    one = Recipe(SITE, "ami-1")
    names = {one.name, replace(one, base="ami-2").name}
    names.add(Recipe(replace(SITE, image=f"{IMAGE}0"), "ami-1").name)
    assert len(names) == 3
    assert Recipe(SITE, "ami-1").name == one.name
    assert one.tags["Deployment"] == "bot"


def test_what_is_not_deployed_has_no_ami() -> None:
    with pytest.raises(RefusedError, match="make deploy-aws"):
        Site.of({}, "bot", 60, {})


def test_the_newest_amis_and_those_in_use_are_left() -> None:
    amis = [Ami(f"ami-{number}", "", "available", "", "", "", ()) for number in range(5)]
    assert superseded(amis, 2, {"ami-3", None}) == [amis[2], amis[4]]
    assert superseded(amis, 0, {"ami-0"}) == amis[1:]
