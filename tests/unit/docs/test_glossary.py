"""docs/glossary.md explains each term once and names a file that exists."""

import re

from toolchain.layout import Layout

ROOT = Layout.of_this_checkout().root
ROW = re.compile(r"^\| (?!term \|)([^|-][^|]*) \| ([^|]+) \| `([^`|]+)` \|$", re.MULTILINE)


def test_every_term_has_a_meaning_and_a_file_that_exists() -> None:
    page = (ROOT / "docs" / "glossary.md").read_text()
    rows = ROW.findall(page)
    written = [line for line in page.splitlines() if line.startswith("| ")]
    headings = [line for line in written if line.startswith("| term |")]
    assert len(rows) == len(written) - len(headings) > 80
    assert [path for _, _, path in rows if not (ROOT / path).is_file()] == []


def test_terms_are_unique_and_in_alphabetical_order_in_each_section() -> None:
    sections = (ROOT / "docs" / "glossary.md").read_text().split("\n## ")[1:]
    terms = [[term.lower() for term, _, _ in ROW.findall(section)] for section in sections]
    assert all(section == sorted(section) for section in terms)
    assert len({term for section in terms for term in section}) == sum(map(len, terms))
