"""Numbers and tables in Markdown."""

import math
from collections.abc import Iterable, Mapping, Sequence

from infra.capacity.figures import Figure


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table with the first column to the left and the others to the right."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def text_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of texts: every column to the left."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def sources_table(figures: Mapping[str, Figure]) -> str:
    """Every figure with its source."""
    rows = [
        (
            key.replace("_", " "),
            f"{figure.value:.3g}" if figure.value < 1000 else f"{figure.value:,g}",
            figure.unit,
            figure.mark.value,
            figure.source + (f" ({figure.note})" if figure.note else ""),
            figure.read.isoformat(),
        )
        for key, figure in figures.items()
    ]
    return text_table(("what", "value", "unit", "known as", "source", "read"), rows)


def number(value: float) -> str:
    """At least three significant figures where there are any: 0.05, 2.04, 51, 2,500."""
    if value == 0 or value >= 10:
        return f"{value:,.0f}"
    return f"{value:.2f}" if value >= 1 else f"{value:.2g}"


def seconds(value: float) -> str:
    """Seconds, or minutes from ten minutes on; 'never' if infinite."""
    if math.isinf(value):
        return "never"
    return f"{value:,.0f} s" if value < 600 else f"{value / 60:,.1f} min"
