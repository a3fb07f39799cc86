"""`python -m infra.capacity`: print the model, or write it into the documentation."""

import argparse
import json
import sys
from pathlib import Path

from infra.capacity.step_adjustments import as_terraform, scale_in_steps, scale_out_steps
from infra.documents.computed_parts import PARTS, render


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m infra.capacity")
    commands = parser.add_subparsers(dest="command")
    show = commands.add_parser("show", help="print parts of the model (all of them by default)")
    show.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    docs = commands.add_parser("docs", help="rewrite the computed parts of a document")
    docs.add_argument("document", type=Path)
    docs.add_argument("--check", action="store_true", help="write nothing; fail if it differs")
    plots = commands.add_parser("plots", help="draw the pictures (needs the extra `capacity`)")
    plots.add_argument("folder", type=Path)
    plots.add_argument("--format", choices=("svg", "png"), default="svg")
    steps = commands.add_parser("steps", help="step adjustments for Terraform, as JSON")
    steps.add_argument("--maximum", type=int, required=True, help="tasks at most")
    return parser.parse_args()


def _show(parts: list[str]) -> int:
    unknown = [part for part in parts if part not in PARTS]
    if unknown:
        sys.stderr.write(f"no such part: {', '.join(unknown)}; there are {', '.join(PARTS)}\n")
        return 2
    for name in parts or PARTS:
        sys.stdout.write(f"{name}\n\n{PARTS[name]()}\n\n")
    return 0


def _docs(document: Path, check: bool) -> int:
    before = document.read_text(encoding="utf-8")
    after = render(before)
    if check:
        if after != before:
            sys.stderr.write(f"{document} is not what the model computes: run `make capacity`\n")
        return int(after != before)
    document.write_text(after, encoding="utf-8")
    return 0


def main() -> int:
    """Parse, call, and say how it went."""
    arguments = _arguments()
    if arguments.command == "docs":
        return _docs(arguments.document, arguments.check)
    if arguments.command == "plots":
        from infra.capacity.plots import draw_all

        for path in draw_all(arguments.folder, arguments.format):
            sys.stdout.write(f"{path}\n")
        return 0
    if arguments.command == "steps":
        steps = {
            "scale_out": as_terraform(scale_out_steps(arguments.maximum)),
            "scale_in": as_terraform(scale_in_steps(arguments.maximum)),
        }
        sys.stdout.write(json.dumps(steps, indent=2) + "\n")
        return 0
    return _show(getattr(arguments, "parts", []))


if __name__ == "__main__":
    sys.exit(main())
