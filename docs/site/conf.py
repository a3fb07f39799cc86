"""The configuration of the site: Sphinx reads the checkout's Markdown as it is (`make docs`)."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

REPOSITORY = os.environ.get("GITHUB_REPOSITORY", "discord-diffusion/discord-diffusion")

project = "discord-diffusion"
project_copyright = "the authors of discord-diffusion, MIT licence"
extensions = ["myst_parser", "checkout"]

# The source folder is the checkout's root, so that a link between two pages is the same on the site
# as in the repository.
root_doc = "docs/index"
include_patterns = [
    "docs/**",
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "fixtures/model/tiny/README.md",
    "emulation/aws/README.md",
    "emulation/discord/README.md",
]
exclude_patterns = [".*", "build", "docs/site", "src", "tests", "emulation/rig", "infra", "docker"]
source_suffix = {".md": "markdown"}

# Anchors as GitHub makes them; a link to one that is missing is a warning, which fails the build.
myst_heading_anchors = 4
myst_fence_as_directive = ["mermaid"]
nitpicky = True
# A file that is no page is shown by the repository (checkout.py).
repository_files = f"https://github.com/{REPOSITORY}"

html_theme = "furo"
html_title = "discord-diffusion"
# In `.cache/site-npm`, by docs/site/package-lock.json.
MERMAID = "../../.cache/site-npm/node_modules/mermaid/dist/mermaid.min.js"
html_static_path = ["static", MERMAID]
html_css_files = ["site.css"]
html_js_files = ["diagrams.js"]
html_use_index = False
html_show_sphinx = False
html_copy_source = False
html_theme_options = {
    "source_repository": f"https://github.com/{REPOSITORY}/",
    "source_branch": "main",
    "source_directory": "",
}
