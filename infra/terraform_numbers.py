"""Reads numbers from the Terraform files, so that Python does not repeat them."""

import re
from pathlib import Path

_ROOT = Path(__file__).parent
_NUMBER = r"(-?\d+(?:\.\d+)?)\b"


class NumberNotFoundError(LookupError):
    """A Terraform file assigns no number, or several, to a name."""


def terraform_number(file: str, name: str) -> float:
    """The only number that a Terraform file assigns to a name.

    These forms are recognized: `name = 30`, `name = optional(number, 30)`, and a variable's block
    with `default = 30`.

    Args:
        file: relative to `infra/`, for example `variables_fleet.tf`.
        name: of a local value, an argument, an object's attribute or a variable.

    Raises:
        NumberNotFoundError: the file assigns no number to it, or more than one.
    """
    text = (_ROOT / file).read_text(encoding="utf-8")
    escaped = re.escape(name)
    assigned = rf"(?<![\w.]){escaped}\s*=\s*(?:optional\(number,\s*)?{_NUMBER}"
    default = rf'(?m)^variable "{escaped}" \{{\n(?:  .*\n|\n)*?  default\s*=\s*{_NUMBER}'
    found = [*re.findall(assigned, text), *re.findall(default, text)]
    if len(found) != 1:
        raise NumberNotFoundError(f"infra/{file} assigns {len(found)} numbers to {name}, not 1")
    return float(found[0])
