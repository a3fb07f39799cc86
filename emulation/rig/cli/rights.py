"""`python -m emulation rights`: which rights of the deployment's roles are used, and denials."""

from rich.console import Console
from rich.markup import escape

from emulation.rig.cli.shared import AsJson, StateDir, print_json, running_stack
from emulation.rig.emulator_client import Rights, rights_report
from emulation.rig.errors import RigError


def rights(state_dir: StateDir = None, as_json: AsJson = False) -> None:
    """Show used and unused rights of each role, and what was denied (IAM=enforce)."""
    found = rights_report(running_stack(state_dir).aws_endpoint)
    if not found.enforced:
        raise RigError("IAM is not enforced. Start the stack with: make local-up IAM=enforce")
    if as_json:
        print_json(found.as_json())
    else:
        _print(Console(), found)


def _print(console: Console, found: Rights) -> None:
    for role, used in sorted(found.used.items()):
        console.print(f"[bold]{escape(role)}[/]", highlight=False)
        for title, actions in (("used", sorted(used)), ("unused", found.unused[role])):
            for action in actions:
                console.print(f"  {title:8}{action}", highlight=False)
    for denial in found.denials:
        console.print(f"[red]denied[/] {escape(denial)}", highlight=False, soft_wrap=True)
    console.print(f"{found.denied} requests were denied.", highlight=False)
