"""What is fetched is named by its digest or its commit."""

import re

import yaml

from toolchain.layout import Layout

ROOT = Layout.of_this_checkout().root
COMMIT = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")


def test_every_action_of_a_workflow_is_named_by_its_commit() -> None:
    used = [
        line.split("uses:")[1].strip()
        for workflow in (ROOT / ".github" / "workflows").glob("*.y*ml")
        for line in workflow.read_text().splitlines()
        if "uses:" in line
    ]
    assert used
    assert [one for one in used if not COMMIT.fullmatch(one)] == []


def test_what_is_pinned_is_renewed() -> None:
    updates = yaml.safe_load((ROOT / ".github" / "dependabot.yml").read_text())["updates"]
    kinds = {update["package-ecosystem"]: update for update in updates}
    assert {"github-actions", "docker", "uv", "npm"} <= kinds.keys()
    locks = {path.parent for path in ROOT.glob("uv.lock")} | {
        path.parent
        for folder in ("emulation", "infra")
        for path in ROOT.glob(f"{folder}/*/uv.lock")
    }
    assert {ROOT / one.lstrip("/") for one in kinds["uv"]["directories"]} == locks
