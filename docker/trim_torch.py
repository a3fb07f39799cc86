"""Cut an installed torch down to what drawing on one GPU needs, and set CUDA's libraries apart.

    python trim_torch.py PACKAGES CUDA [NAME...]

PACKAGES is the folder that torch was installed into; CUDA is made: it gets the packages of NVIDIA's
libraries. Each NAME begins the name of a distribution that is left out. Fails if torch can't be
imported afterwards from both folders together.
"""

import os
import shutil
import subprocess
import sys
from importlib.metadata import Distribution, distributions
from pathlib import Path

# For compiling extensions and for torch's own tests.
UNUSED = [
    *("torch/include", "torch/share", "torch/test", "torch/bin/protoc*", "torch/bin/*[Tt]est*"),
    *("torch/lib/*.a", "bin", "nvidia/*/include", "nvidia/*/lib/*.a"),
]
# Of CUDA: several GPUs, profiling, checkpoints, and interfaces in the manner of other libraries.
UNUSED += [
    f"nvidia/*/lib/lib{name}*"
    for name in ("cusolverMg", "nvperf", "pcsampling", "checkpoint", "nvblas", "cufftw")
]
LIBRARIES = "nvidia"
IMPORT = "import torch; print('torch', torch.__version__, 'CUDA', torch.version.cuda)"


def main() -> None:
    """Remove distributions and unused files, test the import, and move CUDA's libraries."""
    packages, cuda = Path(sys.argv[1]), Path(sys.argv[2])
    for one in list(distributions(path=[str(packages)])):
        if one.name.startswith(tuple(sys.argv[3:])):
            remove(one)
    for pattern in UNUSED:
        for path in packages.glob(pattern):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    cuda.mkdir()
    try_import(packages)
    if (packages / LIBRARIES).is_dir():
        (packages / LIBRARIES).rename(cuda / LIBRARIES)


def remove(distribution: Distribution) -> None:
    """Delete the files of an installed distribution."""
    sys.stdout.write(f"left out: {distribution.name} {distribution.version}\n")
    for file in distribution.files or ():
        Path(distribution.locate_file(file)).unlink(missing_ok=True)


def try_import(packages: Path) -> None:
    """Import torch in a process of its own; raises an error if that fails."""
    env = os.environ | {"PYTHONPATH": str(packages), "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run([sys.executable, "-c", IMPORT], env=env, check=True)  # noqa: S603 - a constant


main()
