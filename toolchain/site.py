"""`python -m toolchain.site`: build the documentation's site in build/site; --serve shows it, too.

A link, an anchor or a page that is missing fails the build, and so does a page that would make a
reader's browser ask another site for anything.
"""

from __future__ import annotations

import argparse
import http.server
import re
import shutil
import sys
from collections.abc import Iterator
from functools import partial
from html.parser import HTMLParser
from pathlib import Path

from toolchain.commands import clean_environment, run
from toolchain.display import Display
from toolchain.errors import CommandFailedError, ToolchainError
from toolchain.layout import Layout, python_of
from toolchain.setup import site_plan
from toolchain.steps import one_at_a_time
from toolchain.terminal import spell_out

_OUTSIDE = re.compile(r"(?:https?:)?//", re.IGNORECASE)
_OUTSIDE_IN_STYLES = re.compile(r"""(?:url\(|@import)\s*["']?((?:https?:)?//[^"')\s]+)""")
_SHOWN = {"img", "script", "iframe", "source", "video", "audio", "embed", "object", "input"}
_NOT_LOADED = {"canonical", "alternate", "author", "license", "next", "prev", "index", "search"}


class SiteError(ToolchainError):
    """The site could not be built, or is not complete in itself; the text says what and where."""


class _Loaded(HTMLParser):
    """Collects the addresses that a browser loads with a page, unasked."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag in _SHOWN:
            self.addresses += [found.get(name, "") for name in ("src", "data", "poster")]
            self.addresses += [
                part.split()[0] for part in found.get("srcset", "").split(",") if part.strip()
            ]
        elif tag == "link" and not _NOT_LOADED & set(found.get("rel", "").split()):
            self.addresses.append(found.get("href", ""))


def outside_requests(site: Path) -> Iterator[str]:
    """What the pages and style sheets of a site load from elsewhere: `file: address`."""
    for path in sorted(site.rglob("*.html")):
        page = _Loaded()
        page.feed(path.read_text(encoding="utf-8"))
        for address in page.addresses:
            if _OUTSIDE.match(address):
                yield f"{path.relative_to(site)}: {address}"
    for path in sorted(site.rglob("*.css")):
        for address in _OUTSIDE_IN_STYLES.findall(path.read_text(encoding="utf-8")):
            yield f"{path.relative_to(site)}: {address}"


def build(layout: Layout) -> Path:
    """Build the site from nothing; return its folder.

    Raises:
        SetupError: what builds it could not be installed.
        SiteError: a page has a fault; the text has all of them.
    """
    with one_at_a_time(layout.cache), Display() as display:
        site_plan(layout).run(display)
    shutil.rmtree(layout.site, ignore_errors=True)
    sphinx: list[str | Path] = [python_of(layout.site_environment), "-m", "sphinx"]
    # Nitpicky, and a warning is an error; from nothing, since a page that is up to date warns not.
    sphinx += ["--quiet", "--nitpicky", "--fail-on-warning", "--fresh-env", "--no-color"]
    sphinx += ["--conf-dir", layout.site_sources, "--doctree-dir", layout.cache / "site-doctrees"]
    try:
        run([*sphinx, layout.root, layout.site], env=clean_environment())
    except CommandFailedError as error:
        raise SiteError(str(error)) from error
    if outside := list(outside_requests(layout.site)):
        raise SiteError("The site loads from elsewhere:\n" + "\n".join(outside))
    return layout.site


def serve(folder: Path, port: int) -> int:
    """Show a folder on a port of loopback until Ctrl-C; return the exit status."""
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    try:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
    except OSError as error:
        sys.stderr.write(
            f"Port {port} can't be used ({error.strerror}). On a free one:"
            " .venv/bin/python -m toolchain.site --serve 0\n"
        )
        return 1
    with server:
        sys.stdout.write(f"http://127.0.0.1:{server.server_port}/ (end it with Ctrl-C)\n")
        sys.stdout.flush()
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            return 0
    return 0


def main() -> int:
    """Build, and with --serve show, the site; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m toolchain.site", description=__doc__)
    parser.add_argument("--serve", type=int, metavar="PORT", help="show it at 127.0.0.1:PORT")
    port = parser.parse_args().serve
    spell_out()
    try:
        folder = build(Layout.of_this_checkout())
    except ToolchainError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"The site is in {folder}. Its first page: {folder / 'index.html'}\n")
    return 0 if port is None else serve(folder, port)


if __name__ == "__main__":
    sys.exit(main())
