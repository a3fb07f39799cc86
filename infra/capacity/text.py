"""Numbers and tables as people read them."""

import math
from collections.abc import Iterable, Sequence


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table: the first column to the left, the others to the right."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def text_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table of texts: every column to the left."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def number(value: float) -> str:
    """Three figures at the least where there are any: 0.05, 2.04, 51, 2,500."""
    if value == 0 or value >= 10:
        return f"{value:,.0f}"
    return f"{value:.2f}" if value >= 1 else f"{value:.2g}"


def seconds(value: float) -> str:
    """Seconds, or minutes from ten minutes on; 'never' if infinite."""
    if math.isinf(value):
        return "never"
    return f"{value:,.0f} s" if value < 600 else f"{value / 60:,.1f} min"


def share(part: float, whole: float) -> str:
    """A percentage with one decimal."""
    return f"{100 * part / whole:.1f} %"
