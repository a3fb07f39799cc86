"""What the pages of this checkout need beyond MyST: pictures that are text, and links to files.

A fence of `mermaid` becomes an element that `static/diagrams.js` draws in the reader's browser. A
link to a file or folder of the checkout that is no page leads to the repository.
"""

from html import escape
from pathlib import Path
from posixpath import normpath
from typing import ClassVar

from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx.util.typing import ExtensionMetadata

FRONT = (
    '<!doctype html><meta charset="utf-8"><title>discord-diffusion</title>'
    '<meta http-equiv="refresh" content="0; url=docs/index.html">'
)
"""The site's root leads to its first page, which is in docs/ as in the checkout."""


class Mermaid(Directive):
    """A picture that is written as text (https://mermaid.js.org)."""

    has_content: ClassVar[bool] = True

    def run(self) -> list[nodes.Node]:
        text = escape("\n".join(self.content), quote=False)
        return [nodes.raw("", f'<pre class="mermaid">{text}</pre>', format="html")]


class LinkFiles(SphinxTransform):
    """Links to files that are no pages, and to folders, lead to the repository."""

    # Before Sphinx copies the files that are linked, and looks for the pages.
    default_priority = 5

    def apply(self) -> None:
        root = Path(self.env.srcdir)
        page = root / self.env.docname
        for node in list(self.document.findall(_is_link)):
            path = Path(normpath(page.parent / node["reftarget"]))
            file = isinstance(node, addnodes.download_reference) and path.is_file()
            if path.is_relative_to(root) and (file or path.is_dir()):
                kind = "blob" if file else "tree"
                uri = f"{self.config.repository_files}/{kind}/main/{path.relative_to(root)}"
                node.replace_self(nodes.reference("", "", *node.children, refuri=uri))


def _is_link(node: nodes.Node) -> bool:
    return isinstance(node, addnodes.download_reference | addnodes.pending_xref)


def write_front(app: Sphinx, error: Exception | None) -> None:
    """Write the page at the site's root."""
    if error is None and app.builder.format == "html":
        (Path(app.outdir) / "index.html").write_text(FRONT, encoding="utf-8")


def setup(app: Sphinx) -> ExtensionMetadata:
    """What Sphinx calls: it registers the above."""
    app.add_config_value("repository_files", "", "env", types=[str])
    app.add_directive("mermaid", Mermaid)
    app.add_transform(LinkFiles)
    app.connect("build-finished", write_front)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
