"""A folder of handler code that the emulator runs directly, so that an edit counts at once."""

import shutil
import zipfile
from pathlib import Path

from toolchain.layout import Layout

PACKAGE = "discord_diffusion"


def prepare(layout: Layout) -> Path:
    """Lay out what the Lambda package holds, with our own code linked to its source.

    Returns:
        The folder for Terraform's `hot_reload_folder`.
    """
    folder = layout.build / "hot-reload"
    shutil.rmtree(folder, ignore_errors=True)
    with zipfile.ZipFile(layout.lambda_package) as package:
        package.extractall(folder)
    shutil.rmtree(folder / PACKAGE)
    (folder / PACKAGE).symlink_to(layout.root / "src" / PACKAGE, target_is_directory=True)
    return folder
