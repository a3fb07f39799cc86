"""`python -m infra.capacity`: print the model's results, or write them into the documentation."""

import argparse
import sys
from pathlib import Path

from infra.capacity.pages import PARTS, render
from infra.capacity.step_scaling import SIZES_FILE, sizes_file_content


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m infra.capacity")
    commands = parser.add_subparsers(dest="command", required=True)
    show = commands.add_parser("show", help="print parts of the model (all of them by default)")
    show.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    pages = commands.add_parser("pages", help="compute the parts of documentation pages again")
    pages.add_argument("pages", type=Path, nargs="+", metavar="PAGE")
    pages.add_argument("--check", action="store_true", help="write nothing; fail if one differs")
    plots = commands.add_parser("plots", help="draw the plots (needs the extra `capacity`)")
    plots.add_argument("folder", type=Path)
    plots.add_argument("--format", choices=("svg", "png"), default="svg")
    commands.add_parser("step-sizes", help="write the step sizes that Terraform cannot compute")
    return parser.parse_args()


def _show(names: list[str]) -> int:
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        sys.stderr.write(f"no such part: {', '.join(unknown)}; there are {', '.join(PARTS)}\n")
        return 2
    for name in names or PARTS:
        sys.stdout.write(f"{name}\n\n{PARTS[name]()}\n\n")
    return 0


def _update(pages: list[Path], check: bool) -> int:
    stale = False
    for page in pages:
        before = page.read_text(encoding="utf-8")
        after = render(before)
        if not check:
            page.write_text(after, encoding="utf-8")
        elif after != before:
            sys.stderr.write(f"{page} is not what the model computes: run `make capacity`\n")
            stale = True
    return int(stale)


def main() -> int:
    """Run the command that the command line names; return the exit status."""
    arguments = _arguments()
    match arguments.command:
        case "show":
            return _show(arguments.parts)
        case "pages":
            return _update(arguments.pages, arguments.check)
        case "plots":
            from infra.capacity.plots import draw_all

            for path in draw_all(arguments.folder, arguments.format):
                sys.stdout.write(f"{path}\n")
        case "step-sizes":
            SIZES_FILE.write_text(sizes_file_content(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
