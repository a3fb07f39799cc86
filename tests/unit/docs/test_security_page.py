"""The security page names only tests that exist."""

import re

from toolchain.layout import Layout

ROOT = Layout.of_this_checkout().root
PAGE = ROOT / "docs" / "security.md"
MODULE = re.compile(r"`((?:infra/)?tests/[\w./-]+)`:((?: `\w+`,?)+)")


def test_every_test_that_the_page_names_exists() -> None:
    named = MODULE.findall(PAGE.read_text())
    missing = [
        f"{module}: {function}"
        for module, functions in named
        for function in re.findall(r"`(\w+)`", functions)
        if not re.search(
            rf"^ *(async )?(def|run) \"?{function}\b", (ROOT / module).read_text(), re.M
        )
    ]
    assert missing == []


def test_every_threat_has_a_test_that_holds_it() -> None:
    table = PAGE.read_text().split("## Threats")[1].split("##")[0]
    rows = [line for line in table.splitlines() if line.startswith("| ")][1:]
    assert len(rows) > 10
    assert [row for row in rows if not MODULE.search(row)] == []
